#!/bin/sh
# Builds this provider: applies infrastructure/ with the credentials of the bootstrap role.
#
# The pipeline sets AWS_REGION, HARMONIX_ROLE_ARN, HARMONIX_STATE_NAME and the id token HARMONIX_ID_TOKEN;
# the rest is GitLab's own. The state lives in this project's GitLab.
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

for name in AWS_REGION HARMONIX_ROLE_ARN HARMONIX_STATE_NAME CI_API_V4_URL CI_PROJECT_ID CI_JOB_ID CI_JOB_TOKEN; do
  [ -n "$(printenv "$name")" ] || fail "$name is not set: run this script as a job of the project's own pipeline."
done
[ -n "${HARMONIX_ID_TOKEN:-}" ] ||
  fail 'HARMONIX_ID_TOKEN is empty: GitLab made no id token for this job, so its version or its settings do not allow id_tokens.'

# The id token is the only way in: whatever else the runner knows about AWS is put aside.
printf '%s' "$HARMONIX_ID_TOKEN" >"$work/id-token"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE HARMONIX_ID_TOKEN
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export AWS_WEB_IDENTITY_TOKEN_FILE="$work/id-token"
export AWS_ROLE_ARN="$HARMONIX_ROLE_ARN"
export AWS_ROLE_SESSION_NAME="harmonix-$CI_PROJECT_ID-$CI_JOB_ID"

terraform=$(command -v terraform || command -v tofu) ||
  fail 'Neither terraform nor tofu is on the runner: docs/gitlab.md of Harmonix says what a runner needs.'

state="$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/$HARMONIX_STATE_NAME"
export TF_HTTP_ADDRESS="$state"
export TF_HTTP_LOCK_ADDRESS="$state/lock"
export TF_HTTP_LOCK_METHOD=POST
export TF_HTTP_UNLOCK_ADDRESS="$state/lock"
export TF_HTTP_UNLOCK_METHOD=DELETE
export TF_HTTP_USERNAME=gitlab-ci-token
export TF_HTTP_PASSWORD="$CI_JOB_TOKEN"
export TF_DATA_DIR="$work/terraform" TF_IN_AUTOMATION=1

parameters="$(pwd)/.harmonix/provider.tfvars.json"
[ -r "$parameters" ] || fail "$parameters is missing: the controller writes it, so let it correct the repository and run the job again."

"$terraform" -chdir=infrastructure init -input=false -no-color ||
  fail "Terraform could not be prepared: the lines above say whether the state or the provider plugin was out of reach."
"$terraform" -chdir=infrastructure apply -input=false -no-color -auto-approve -lock-timeout=300s -var-file="$parameters" ||
  fail "Terraform could not build the provider as $HARMONIX_ROLE_ARN: the error above names the resource; correct its cause and run the job again."
