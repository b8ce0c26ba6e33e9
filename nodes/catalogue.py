"""The list of nodes that this pack registers with ComfyUI."""

from __future__ import annotations

from .backbone.apply_motion import MVCustomApplyMotion
from .backbone.apply_motion_lora import MVCustomApplyMotionLora
from .backbone.load_backbone import MVCustomLoadBackbone
from .cameras.camera_trajectory import MVCustomCameraTrajectory
from .cameras.convert_cameras import MVCustomConvertCameras
from .cameras.ping_pong_views import MVCustomPingPongViews
from .cameras.save_cameras import MVCustomSaveCameras
from .cameras.save_views_for_3d import MVCustomSaveViewsFor3D
from .cameras.wan_camera_embedding import MVCustomWanCameraEmbedding
from .concept.apply_concept import MVCustomApplyConcept
from .concept.concept_guider import MVCustomConceptGuider
from .concept.learn_concept import MVCustomLearnConcept
from .concept.load_concept import MVCustomLoadConcept
from .concept.save_concept import MVCustomSaveConcept
from .depth.estimate_anchor_depth import MVCustomEstimateAnchorDepth
from .depth.views_to_geometry import MVCustomViewsToGeometry
from .evaluation.attention_probe import MVCustomAttentionProbe
from .evaluation.evaluate_views import MVCustomEvaluateViews
from .photographs.load_posed_images import MVCustomLoadPosedImages
from .photographs.pose_images import MVCustomPoseImages
from .photographs.render_demo_subject import MVCustomRenderDemoSubject
from .photographs.solve_cameras import MVCustomSolveCameras
from .sampling.anchor_photograph import MVCustomAnchorPhotograph
from .sampling.depth_render_hook import MVCustomDepthRenderHook
from .sampling.latent_completion_sampler import MVCustomLatentCompletionSampler
from .sampling.one_pass_render_hook import MVCustomOnePassRenderHook
from .views.load_mvgd import MVCustomLoadMVGD
from .views.render_views import MVCustomRenderViews

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
    MVCustomConvertCameras,
    MVCustomWanCameraEmbedding,
    MVCustomSaveCameras,
    MVCustomSaveViewsFor3D,
    MVCustomViewsToGeometry,
    MVCustomPingPongViews,
    MVCustomAnchorPhotograph,
    MVCustomAttentionProbe,
    MVCustomLoadMVGD,
    MVCustomRenderViews,
]
