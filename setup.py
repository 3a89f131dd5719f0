"""Where the packages lie; everything else about the project stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=['nnlite', 'nnlite.*']), 'nnlite.models', 'nnlite.data_prep'],
    package_dir={'nnlite.models': 'models', 'nnlite.data_prep': 'data_prep'},
)
