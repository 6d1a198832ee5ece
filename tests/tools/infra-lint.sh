#!/usr/bin/env bash
# The SAM template is right by cfn-lint and by SAM, and so is the CloudFormation that SAM makes of it.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/tools/venv.sh

bin=.tools/venv/bin
template=infra/template.yaml
translated=$(mktemp)
trap 'rm -f "$translated"' EXIT

"$bin/cfn-lint" "$template"
SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 \
  "$bin/sam" validate --lint --template "$template" >/dev/null
"$bin/python" tests/tools/translate.py "$template" >"$translated"
"$bin/cfn-lint" "$translated"
echo "infra: cfn-lint, sam validate and cfn-lint on the translation agree"
