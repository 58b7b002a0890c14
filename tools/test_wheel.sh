#!/usr/bin/env bash
# Build the sdist and the wheel, check them, and run the tests against the wheel alone:
#
#     tools/test_wheel.sh newest                  # the newest versions of what it needs
#     tools/test_wheel.sh lowest                  # the lowest that pyproject.toml allows
#     tools/test_wheel.sh lowest -x --timeout=600 # what follows goes to pytest
#
# The wheel is built from the sdist, and the tests are those of the sdist, in a folder
# without the package's source. Needs uv (pip install uv).
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
lowest) resolution=lowest-direct ;;
newest) resolution=highest ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

uv build --quiet --out-dir "$work/dist"
uv tool run --quiet twine check --strict "$work"/dist/*

tar -xzf "$work"/dist/skimdb-*.tar.gz -C "$work"
source=$(echo "$work"/skimdb-*)
uv pip compile --quiet --resolution "$resolution" --extra test "$source/pyproject.toml" \
    --output-file "$work/requirements.txt"
rm -r "$source/skimdb"

uv venv --quiet "$work/venv"
export VIRTUAL_ENV="$work/venv" PATH="$work/venv/bin:$PATH"
unset PYTHONPATH
uv pip install --quiet --requirements "$work/requirements.txt"
uv pip install --quiet --no-deps "$work"/dist/*.whl
uv pip check
grep -E '^[a-z]' "$work/requirements.txt"

cd "$source"
python -c 'import skimdb; print("testing", skimdb.__file__)'
python -m pytest tests --pyargs skimdb "$@"
