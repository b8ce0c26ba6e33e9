"""Sources of posed photographs: a folder of files, or pictures and cameras from other nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ....mvcustom_core.camera.cameras import Cameras
from ....mvcustom_core.camera.lens import Lens
from ....mvcustom_core.capture.files.image_file import Size
from ....mvcustom_core.capture.files.left_out import LeftOut, name_files
from ....mvcustom_core.capture.files.pictures import Picture, read_picture
from ....mvcustom_core.capture.files.posed_files import PosedFiles
from ....mvcustom_core.capture.formats.folder import NO_CAMERA_FILES, CameraFiles, locate_camera_files, read_folder
from ..host.advice import advise
from ..host.tensors import read_images, read_masks

SOLVE = (
    "Photographs without one go through Solve Cameras: connect Load Image (from Folder) to it, and its outputs to Pose Images in place of "
    "this node, as in the workflow mvcustom_solve_photographs"
)


@dataclass(frozen=True, eq=False)
class PhotographSource:
    """Photographs that are read one by one, and their cameras in a world of their own.

    Attributes:
        origin: lines for the report that say where the photographs come from.
        cameras: all cameras, for pictures of one size; `camera` gives each at the size of its own photograph.
        sizes: (width, height) of each photograph in pixels.
        names: names of the photographs.
        read: function that reads photograph i, or raises ValueError with the reason why it cannot be used.
        masks_from: where the masks come from, for the report; None if only transparency can show the subject.
        lenses: the lenses whose distortion `read` corrects.
        left_out: photographs that could not be used from the start, with the reasons.
    """

    origin: tuple[str, ...]
    cameras: Cameras
    sizes: tuple[Size, ...]
    names: tuple[str, ...]
    read: Callable[[int], Picture]
    masks_from: str | None
    lenses: tuple[Lens, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def camera(self, index: int) -> Cameras:
        """The camera of one photograph, at that photograph's size."""
        return self.cameras[index].resize(*self.sizes[index])


def find_camera_files(place: Path) -> CameraFiles:
    """As `locate_camera_files` does; where there are none, the error says how to go on without."""
    with advise({NO_CAMERA_FILES: SOLVE}):
        return locate_camera_files(place)


def fingerprint_folder(place: Path, sequence: str = "") -> tuple[tuple[str, int, int], ...]:
    """Name, modification time and size of every file that the folder's photographs depend on. It changes if any of them does."""
    posed = _read_folder(place, sequence)
    files = (*find_camera_files(place).files, *posed.paths, *(posed.masks or ()))
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


def open_folder(place: Path, sequence: str = "", masks: Tensor | None = None) -> PhotographSource:
    """Open the photographs of a folder.

    Args:
        place: the folder, or one of its camera files.
        masks: MASK [V, H, W] of all usable photographs of the folder, at their size on disk, instead of the folder's own.

    Raises:
        ValueError: as the readers do, or for masks that do not fit the files.
    """
    posed = _read_folder(place, sequence)
    sizes = tuple(posed.size(i) for i in range(len(posed.paths)))
    if masks is not None:
        masks = read_masks(masks, "masks_of_files").float().cpu()
        _check_masks(masks, sizes)
    return PhotographSource(
        origin=(f"folder: {place}", f"format: {posed.format}", *posed.notes),
        cameras=posed.cameras,
        sizes=sizes,
        names=name_files(posed.paths),
        read=lambda i: read_picture(posed, i, None if masks is None else masks[i]),
        masks_from="the masks input" if masks is not None else None if posed.masks is None else f"{posed.masks[0].parent}",
        lenses=posed.lenses or (),
        left_out=posed.left_out,
    )


def open_batch(images: Tensor, cameras: Cameras, masks: Tensor | None = None) -> PhotographSource:
    """Open pictures from other nodes, IMAGE [N, H, W, C] and MASK [N, H, W], with their cameras.

    Raises:
        ValueError: if the counts or aspects differ.
    """
    colors = read_images(images, "images")
    count, _, height, width = colors.shape
    if count != len(cameras):
        raise ValueError(f"cameras: wanted one per picture, got {len(cameras)} for {count} pictures; connect those that belong together")
    if abs(width * cameras.height - height * cameras.width) > max(cameras.width, cameras.height):  # a pixel of rounding is none
        raise ValueError(
            f"cameras: wanted those of pictures of {width}x{height}, got {cameras.width}x{cameras.height}, another aspect; "
            "connect the pictures as they were when the cameras were found"
        )
    origin = f"pictures: {count} from the images input, {width}x{height}"
    if (cameras.width, cameras.height) != (width, height):
        origin += f"; the cameras were for {cameras.width}x{cameras.height} and were scaled"
    if masks is not None:
        masks = read_masks(masks, "masks").float().cpu()
        _check_masks(masks, ((width, height),) * count)
    return PhotographSource(
        origin=(origin,),
        cameras=cameras.resize(width, height).to("cpu"),
        sizes=((width, height),) * count,
        names=tuple(f"picture {i}" for i in range(count)),
        read=lambda i: Picture(colors[i].float().cpu(), None if masks is None else masks[i]),
        masks_from=None if masks is None else "the masks input",
    )


def _read_folder(place: Path, sequence: str) -> PosedFiles:
    with advise({NO_CAMERA_FILES: SOLVE}):
        return read_folder(place, sequence)


def _check_masks(
    masks: Tensor,  # [N, 1, H, W]
    sizes: Sequence[Size],
) -> None:
    """Check that a batch of masks fits photographs of their sizes (width, height)."""
    if len(set(sizes)) > 1:
        listed = ", ".join(f"{width}x{height}" for width, height in sorted(set(sizes)))
        raise ValueError(
            f"masks: wanted photographs of one size for masks that come as a batch, got photographs of {listed}; disconnect them, and put "
            "mask files into the folder masks/"
        )
    count, size = len(sizes), sizes[0]
    if (len(masks), masks.shape[-1], masks.shape[-2]) != (count, *size):
        raise ValueError(
            f"masks: wanted {count} of {size[0]}x{size[1]} pixels, one per usable photograph in their order, got "
            f"{len(masks)} of {masks.shape[-1]}x{masks.shape[-2]}; make them from the photographs at their own size"
        )
