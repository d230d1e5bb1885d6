#!/bin/sh
# Deploys one release to one provider, and ends well only when the service runs that very image.
#
# The pipeline sets HARMONIX_ENVIRONMENT, HARMONIX_RELEASE (commit), HARMONIX_IMAGE (home image by digest),
# HARMONIX_CONFIGURATION; the job AWS_REGION, HARMONIX_ROLE_ARN (this provider's provisioning role),
# HARMONIX_PROVIDER_PREFIX, HARMONIX_PROVIDER_NAME, HARMONIX_NAME, HARMONIX_REPOSITORY, HARMONIX_STATE_NAME
# and the id token HARMONIX_ID_TOKEN. A runner may set HARMONIX_REGISTRY_TLS_VERIFY=false
# (registries over plain HTTP) and HARMONIX_DEPLOY_TIMEOUT (seconds until a service must be stable).
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

for name in AWS_REGION HARMONIX_ROLE_ARN HARMONIX_ENVIRONMENT HARMONIX_RELEASE HARMONIX_IMAGE HARMONIX_CONFIGURATION \
  HARMONIX_PROVIDER_PREFIX HARMONIX_PROVIDER_NAME HARMONIX_NAME HARMONIX_REPOSITORY HARMONIX_STATE_NAME \
  CI_API_V4_URL CI_PROJECT_ID CI_JOB_ID CI_JOB_TOKEN; do
  [ -n "$(printenv "$name")" ] || fail "$name is not set: deployments are pipelines that the controller starts."
done
[ -n "${HARMONIX_ID_TOKEN:-}" ] ||
  fail 'HARMONIX_ID_TOKEN is empty: GitLab made no id token for this job, so its version or its settings do not allow id_tokens.'
for tool in aws git skopeo; do
  command -v "$tool" >/dev/null || fail "$tool is not on the runner: docs/gitlab.md of Harmonix says what a runner needs."
done
terraform=$(command -v terraform || command -v tofu) ||
  fail 'Neither terraform nor tofu is on the runner: docs/gitlab.md of Harmonix says what a runner needs.'

case "$HARMONIX_RELEASE" in
  *[!0-9a-f]*) fail "HARMONIX_RELEASE is $HARMONIX_RELEASE, not a commit: deployments are pipelines that the controller starts." ;;
esac
case "$HARMONIX_ENVIRONMENT" in
  *[!a-z0-9.-]*) fail "HARMONIX_ENVIRONMENT is $HARMONIX_ENVIRONMENT, not the name of an environment: deployments are pipelines that the controller starts." ;;
esac
case "$HARMONIX_IMAGE" in
  *@sha256:*) ;;
  *) fail "HARMONIX_IMAGE is $HARMONIX_IMAGE, not an image by digest: deployments are pipelines that the controller starts." ;;
esac

# The id token is the only way in: whatever else the runner knows about AWS is put aside.
printf '%s' "$HARMONIX_ID_TOKEN" >"$work/id-token"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE HARMONIX_ID_TOKEN
# The first version of the AWS CLI reads the region from its old name only.
export AWS_DEFAULT_REGION="$AWS_REGION"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export AWS_WEB_IDENTITY_TOKEN_FILE="$work/id-token"
export AWS_ROLE_ARN="$HARMONIX_ROLE_ARN"
export AWS_ROLE_SESSION_NAME="harmonix-$CI_PROJECT_ID-$CI_JOB_ID"

parameters="$(pwd)/.harmonix/environments/$HARMONIX_ENVIRONMENT.tfvars.json"
[ -r "$parameters" ] || fail "$parameters is missing: the controller writes it, so let it correct the repository and deploy again."

# --- the release's own infrastructure code ----------------------------------------------------------------------------

if ! git cat-file -e "$HARMONIX_RELEASE^{commit}" 2>/dev/null; then
  git fetch --quiet --depth=1 origin "$HARMONIX_RELEASE" ||
    fail "Commit $HARMONIX_RELEASE cannot be fetched: it is no longer in the repository, so deploy another release."
fi
# What came after the release has no place in its deployment, so the folder is emptied first.
rm -rf infrastructure
git checkout --quiet "$HARMONIX_RELEASE" -- infrastructure ||
  fail "Commit $HARMONIX_RELEASE has no folder infrastructure: put it back and deploy the release that has it."

# --- the image --------------------------------------------------------------------------------------------------------

tls_verify="${HARMONIX_REGISTRY_TLS_VERIFY:-true}"
digest="${HARMONIX_IMAGE##*@}"
home="${HARMONIX_IMAGE%@*}"

registries="$(pwd)/.harmonix/registries"
[ -r "$registries" ] || fail "$registries is missing: the controller writes it, so let it correct the repository and deploy again."

repository_uri() { # role, region, repository
  AWS_ROLE_ARN="$1" aws ecr describe-repositories --region "$2" --repository-names "$3" \
    --query 'repositories[0].repositoryUri' --output text 2>"$work/error"
}

log_in() { # role, region, registry, file for the log-in
  password=$(AWS_ROLE_ARN="$1" aws ecr get-login-password --region "$2") ||
    fail "No log-in to the registry of $2 was given to $1: the error above says why."
  printf '%s' "$password" |
    skopeo login --authfile "$4" --tls-verify="$tls_verify" --username AWS --password-stdin "$3" >/dev/null ||
    fail "The registry $3 refused the log-in: the error above says why."
}

# The image is read with the role of the place that has it: no registry is ever opened to another account, and a
# provider that joins later needs no change at home.
log_in_to_home() {
  while read -r role region repository; do
    if found=$(repository_uri "$role" "$region" "$repository"); then
      [ "$found" != "$home" ] || { log_in "$role" "$region" "${home%%/*}" "$work/home.json"; return; }
    else
      cat "$work/error" >&2
    fi
  done <"$registries"
  fail "None of this application's providers has $home, where the image was built: build a new release, which goes to the present home."
}

if ! uri=$(repository_uri "$HARMONIX_ROLE_ARN" "$AWS_REGION" "$HARMONIX_REPOSITORY"); then
  grep -q RepositoryNotFoundException "$work/error" || {
    cat "$work/error" >&2
    fail "The repository $HARMONIX_REPOSITORY could not be read as $HARMONIX_ROLE_ARN: the error above says why."
  }
  aws ecr create-repository --repository-name "$HARMONIX_REPOSITORY" --image-tag-mutability IMMUTABLE \
    --image-scanning-configuration scanOnPush=true >/dev/null 2>"$work/error" ||
    grep -q RepositoryAlreadyExistsException "$work/error" || {
    cat "$work/error" >&2
    fail "The repository $HARMONIX_REPOSITORY could not be made as $HARMONIX_ROLE_ARN: the error above says why."
  }
  uri=$(repository_uri "$HARMONIX_ROLE_ARN" "$AWS_REGION" "$HARMONIX_REPOSITORY") || {
    cat "$work/error" >&2
    fail "The repository $HARMONIX_REPOSITORY was made but cannot be read: the error above says why."
  }
fi

image="$uri@$digest"
if [ "$home" != "$uri" ]; then
  log_in "$HARMONIX_ROLE_ARN" "$AWS_REGION" "${uri%%/*}" "$work/here.json"

  if skopeo inspect --raw --authfile "$work/here.json" --tls-verify="$tls_verify" "docker://$image" >/dev/null 2>&1; then
    printf 'The image is in %s already.\n' "$uri"
  else
    log_in_to_home
    skopeo copy --all --preserve-digests --src-authfile "$work/home.json" --dest-authfile "$work/here.json" \
      --src-tls-verify="$tls_verify" --dest-tls-verify="$tls_verify" \
      "docker://$HARMONIX_IMAGE" "docker://$uri:$HARMONIX_RELEASE" ||
      fail "The image could not be copied from $home to $uri: the error above says why."
  fi
fi

# --- the service ------------------------------------------------------------------------------------------------------

cluster=$(aws ssm get-parameter --name "/$HARMONIX_PROVIDER_PREFIX/$HARMONIX_PROVIDER_NAME/ecs-cluster" \
  --query Parameter.Value --output text) ||
  fail "The provider $HARMONIX_PROVIDER_NAME does not say which cluster it has: its own pipeline must have run first."

# Prints id, task definition, rollout state, running and desired count of the deployment that counts, or None where
# there is no service yet.
primary_deployment() {
  aws ecs describe-services --cluster "$cluster" --services "$HARMONIX_NAME" --output text --query \
    "services[?status=='ACTIVE'] | [0].deployments[?status=='PRIMARY'] | [0].[id, taskDefinition, rolloutState, runningCount, desiredCount]" ||
    fail "The service $HARMONIX_NAME could not be read as $HARMONIX_ROLE_ARN: the error above says why."
}

# What ECS says about the service and the tasks that stopped: for the person who reads this job's log.
explain() {
  printf 'What ECS says, newest first:\n'
  aws ecs describe-services --cluster "$cluster" --services "$HARMONIX_NAME" --output text \
    --query 'services[0].events[:5].[message]' 2>/dev/null || true
  stopped=$(aws ecs list-tasks --cluster "$cluster" --service-name "$HARMONIX_NAME" --desired-status STOPPED \
    --query 'taskArns[:3]' --output text 2>/dev/null) || stopped=
  if [ -n "$stopped" ] && [ "$stopped" != None ]; then
    # Several ARNs in one word list, as the command wants them.
    # shellcheck disable=SC2086
    aws ecs describe-tasks --cluster "$cluster" --tasks $stopped --output text \
      --query 'tasks[].[stoppedReason, containers[0].reason, containers[0].exitCode]' 2>/dev/null || true
  fi
}

before=$(primary_deployment) || exit 1

state="$CI_API_V4_URL/projects/$CI_PROJECT_ID/terraform/state/$HARMONIX_STATE_NAME"
export TF_HTTP_ADDRESS="$state"
export TF_HTTP_LOCK_ADDRESS="$state/lock"
export TF_HTTP_LOCK_METHOD=POST
export TF_HTTP_UNLOCK_ADDRESS="$state/lock"
export TF_HTTP_UNLOCK_METHOD=DELETE
export TF_HTTP_USERNAME=gitlab-ci-token
export TF_HTTP_PASSWORD="$CI_JOB_TOKEN"
export TF_DATA_DIR="$work/terraform" TF_IN_AUTOMATION=1
export TF_VAR_name="$HARMONIX_NAME"
export TF_VAR_image="$image"
export TF_VAR_repository="$HARMONIX_REPOSITORY"
export TF_VAR_provider_prefix="$HARMONIX_PROVIDER_PREFIX"
export TF_VAR_provider_name="$HARMONIX_PROVIDER_NAME"
export TF_VAR_region="$AWS_REGION"
export TF_VAR_release="$HARMONIX_RELEASE"
export TF_VAR_configuration="$HARMONIX_CONFIGURATION"

"$terraform" -chdir=infrastructure init -input=false -no-color ||
  fail 'Terraform could not be prepared: the lines above say whether the state or the provider plugin was out of reach.'
"$terraform" -chdir=infrastructure apply -input=false -no-color -compact-warnings -auto-approve -lock-timeout=300s -var-file="$parameters" ||
  fail "Terraform could not deploy $HARMONIX_NAME as $HARMONIX_ROLE_ARN: the error above names the resource; correct its cause and run the job again."

# --- the fact ---------------------------------------------------------------------------------------------------------

definition=$("$terraform" -chdir=infrastructure output -raw -no-color task_definition_arn) ||
  fail 'infrastructure/ has no output task_definition_arn: put it back, since the deployment compares it with what runs.'
deploys=$(aws ecs describe-task-definition --task-definition "$definition" --output text \
  --query "taskDefinition.containerDefinitions[?name=='application'].image | [0]") ||
  fail "The task definition $definition could not be read: the error above says why."
[ "${deploys##*@}" = "$digest" ] ||
  fail "infrastructure/ deploys $deploys and not the release's image: its container application must run var.image."

deployment=$(primary_deployment) || exit 1

# ECS gives up on a deployment that failed; Terraform, which finds it as it left it, does not start it again.
case "$before" in
  *FAILED*)
    if [ "${deployment%%[[:space:]]*}" = "${before%%[[:space:]]*}" ]; then
      printf 'The last deployment of this very release failed: it is started again.\n'
      aws ecs update-service --cluster "$cluster" --service "$HARMONIX_NAME" --force-new-deployment >/dev/null ||
        fail "The service $HARMONIX_NAME could not be deployed again: the error above says why."
      deployment=$(primary_deployment) || exit 1
    fi
    ;;
esac

timeout="${HARMONIX_DEPLOY_TIMEOUT:-900}"
waited=0
said=
while :; do
  if [ -z "$deployment" ] || [ "$deployment" = None ]; then
    fail "There is no service $HARMONIX_NAME after the deployment: infrastructure/ must make it under the name it is given."
  fi
  read -r _ runs rollout running desired <<EOF
$deployment
EOF

  if [ "$runs" != "$definition" ]; then
    explain
    fail "The service $HARMONIX_NAME runs ${runs##*/} and not ${definition##*/}: its tasks did not become healthy, so ECS took release $HARMONIX_RELEASE back."
  fi

  if [ "$rollout $running/$desired" != "$said" ]; then
    said="$rollout $running/$desired"
    printf 'Roll-out: %s of %s tasks run (%s)\n' "$running" "$desired" "$rollout"
  fi

  case "$rollout" in
    COMPLETED) break ;;
    FAILED)
      explain
      fail "The service $HARMONIX_NAME did not become healthy with release $HARMONIX_RELEASE, so ECS gave up: look at the stopped tasks above and at the application's log."
      ;;
  esac

  if [ "$waited" -ge "$timeout" ]; then
    explain
    fail "The service $HARMONIX_NAME is not stable after $timeout seconds ($running of $desired tasks run): look at the events above and at the application's log."
  fi
  waited=$((waited + 3))
  sleep 3
  deployment=$(primary_deployment) || exit 1
done

printf 'Environment %s runs release %s as %s\n' "$HARMONIX_ENVIRONMENT" "$HARMONIX_RELEASE" "$image"
