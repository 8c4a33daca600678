#!/bin/sh
# Prints the packages of venv $1 as a lock, less those of the lock $2.
set -eu
echo '# What is installed and tested, exactly; installed with `pip install --no-deps`. Made by `make lock` from pyproject.toml.'
"$1/bin/pip" freeze --all --exclude ray-imagesearch --exclude pip | grep -v '^#' | { [ -z "${2:-}" ] && cat || grep -vxF -f "$2"; }
