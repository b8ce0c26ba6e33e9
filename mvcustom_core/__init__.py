"""MVCustom's algorithms in plain torch: importable and testable without ComfyUI.

Conventions, everywhere in this package: OpenCV cameras (x right, y down, z forward), `w2c` with column vectors, intrinsics `K` in
pixels, pixel centres at +0.5, channel-first images. Shape letters are in `shapes`.
"""
