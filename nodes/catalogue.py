"""The list of nodes that ComfyUI is given."""

from __future__ import annotations

from .apply_concept import MVCustomApplyConcept
from .apply_motion import MVCustomApplyMotion
from .apply_motion_lora import MVCustomApplyMotionLora
from .camera_trajectory import MVCustomCameraTrajectory
from .concept_guider import MVCustomConceptGuider
from .depth_render_hook import MVCustomDepthRenderHook
from .estimate_anchor_depth import MVCustomEstimateAnchorDepth
from .evaluate_views import MVCustomEvaluateViews
from .latent_completion_sampler import MVCustomLatentCompletionSampler
from .learn_concept import MVCustomLearnConcept
from .load_backbone import MVCustomLoadBackbone
from .load_concept import MVCustomLoadConcept
from .load_posed_images import MVCustomLoadPosedImages, MVCustomPoseImages
from .one_pass_render_hook import MVCustomOnePassRenderHook
from .render_demo_subject import MVCustomRenderDemoSubject
from .save_concept import MVCustomSaveConcept
from .solve_cameras import MVCustomSolveCameras

NODES = [
    MVCustomLoadBackbone,
    MVCustomApplyMotion,
    MVCustomApplyMotionLora,
    MVCustomLoadPosedImages,
    MVCustomPoseImages,
    MVCustomSolveCameras,
    MVCustomRenderDemoSubject,
    MVCustomLearnConcept,
    MVCustomSaveConcept,
    MVCustomLoadConcept,
    MVCustomApplyConcept,
    MVCustomConceptGuider,
    MVCustomCameraTrajectory,
    MVCustomEstimateAnchorDepth,
    MVCustomDepthRenderHook,
    MVCustomOnePassRenderHook,
    MVCustomLatentCompletionSampler,
    MVCustomEvaluateViews,
]
