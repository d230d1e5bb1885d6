#!/bin/sh
# Verifies from a pipeline what every application's pipeline will do: assume the provisioning role with an id token.
#
# The pipeline sets AWS_REGION, HARMONIX_ROLE_ARN (the provisioning role) and the id token HARMONIX_ID_TOKEN.
set -eu

fail() {
  printf 'harmonix: %s\n' "$1" >&2
  exit 1
}

work=$(mktemp -d) || fail 'No temporary folder can be made: free space on the runner and run the job again.'
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

for name in AWS_REGION HARMONIX_ROLE_ARN CI_PROJECT_ID CI_JOB_ID; do
  [ -n "$(printenv "$name")" ] || fail "$name is not set: run this script as a job of the project's own pipeline."
done
[ -n "${HARMONIX_ID_TOKEN:-}" ] ||
  fail 'HARMONIX_ID_TOKEN is empty: GitLab made no id token for this job, so its version or its settings do not allow id_tokens.'

# The id token is the only way in: whatever else the runner knows about AWS is put aside.
printf '%s' "$HARMONIX_ID_TOKEN" >"$work/id-token"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE HARMONIX_ID_TOKEN
# The first version of the AWS CLI reads the region from its old name only.
export AWS_DEFAULT_REGION="$AWS_REGION"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export AWS_WEB_IDENTITY_TOKEN_FILE="$work/id-token"
export AWS_ROLE_ARN="$HARMONIX_ROLE_ARN"
export AWS_ROLE_SESSION_NAME="harmonix-$CI_PROJECT_ID-$CI_JOB_ID"

# A role that was just made takes a while to be known everywhere: half a minute is patience enough.
attempt=1
until identity=$(aws sts get-caller-identity --query Arn --output text 2>"$work/error"); do
  if [ "$attempt" -ge 6 ]; then
    cat "$work/error" >&2
    fail "The provisioning role $HARMONIX_ROLE_ARN cannot be assumed with this project's id token: its trust policy must name GitLab's issuer, the token's audience and the default branch of this project."
  fi
  attempt=$((attempt + 1))
  sleep 5
done

case "$identity" in
  *":assumed-role/${HARMONIX_ROLE_ARN##*/}/"*) printf 'The provisioning role is assumable: %s\n' "$identity" ;;
  *) fail "AWS answered as $identity, not as $HARMONIX_ROLE_ARN: the runner's own credentials are in the way." ;;
esac
