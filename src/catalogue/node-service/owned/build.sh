#!/bin/sh
# Builds this commit's image once, pushes it to the home registry and says which it is in release.json.
#
# The pipeline sets AWS_REGION, HARMONIX_ROLE_ARN (the home provider's provisioning role), HARMONIX_REPOSITORY,
# HARMONIX_NODE_IMAGE (by digest) and the id token HARMONIX_ID_TOKEN. A runner may set BUILDAH_ISOLATION, STORAGE_DRIVER, REGISTRY_AUTH_FILE (log-in to where the
# base image is) and HARMONIX_REGISTRY_TLS_VERIFY=false (registries over plain HTTP).
set -eu

fail() {
  printf 'harmonix: %s\n' "$1" >&2
  exit 1
}

clean() {
  # Without root, layers belong to users that exist inside buildah's own name space only.
  rm -rf "$work" 2>/dev/null || buildah unshare rm -rf "$work" || printf 'harmonix: %s could not be removed.\n' "$work" >&2
}

work=$(mktemp -d) || fail 'No temporary folder can be made: free space on the runner and run the job again.'
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

for name in AWS_REGION HARMONIX_ROLE_ARN HARMONIX_REPOSITORY HARMONIX_NODE_IMAGE CI_COMMIT_SHA CI_PROJECT_ID CI_JOB_ID; do
  [ -n "$(printenv "$name")" ] || fail "$name is not set: run this script as a job of the project's own pipeline."
done
[ -n "${HARMONIX_ID_TOKEN:-}" ] ||
  fail 'HARMONIX_ID_TOKEN is empty: GitLab made no id token for this job, so its version or its settings do not allow id_tokens.'
for tool in aws buildah git skopeo; do
  command -v "$tool" >/dev/null || fail "$tool is not on the runner: docs/gitlab.md of Harmonix says what a runner needs."
done

# The id token is the only way in: whatever else the runner knows about AWS is put aside.
printf '%s' "$HARMONIX_ID_TOKEN" >"$work/id-token"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE HARMONIX_ID_TOKEN
# The first version of the AWS CLI reads the region from its old name only.
export AWS_DEFAULT_REGION="$AWS_REGION"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true AWS_PAGER=
export AWS_WEB_IDENTITY_TOKEN_FILE="$work/id-token"
export AWS_ROLE_ARN="$HARMONIX_ROLE_ARN"
export AWS_ROLE_SESSION_NAME="harmonix-$CI_PROJECT_ID-$CI_JOB_ID"

tls_verify="${HARMONIX_REGISTRY_TLS_VERIFY:-true}"
auth="$work/auth.json"
if [ -n "${REGISTRY_AUTH_FILE:-}" ] && [ -r "$REGISTRY_AUTH_FILE" ]; then
  cp "$REGISTRY_AUTH_FILE" "$auth"
fi
unset REGISTRY_AUTH_FILE

# --- the repository ---------------------------------------------------------------------------------------------------

repository_uri() {
  aws ecr describe-repositories --repository-names "$HARMONIX_REPOSITORY" \
    --query 'repositories[0].repositoryUri' --output text 2>"$work/error"
}

if ! uri=$(repository_uri); then
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
  uri=$(repository_uri) || {
    cat "$work/error" >&2
    fail "The repository $HARMONIX_REPOSITORY was made but cannot be read: the error above says why."
  }
fi

password=$(aws ecr get-login-password) || fail "No log-in to the registry was given to $HARMONIX_ROLE_ARN: the error above says why."
printf '%s' "$password" |
  buildah login --authfile "$auth" --tls-verify="$tls_verify" --username AWS --password-stdin "${uri%%/*}" >/dev/null ||
  fail "The registry ${uri%%/*} refused the log-in: the error above says why."

# --- the image --------------------------------------------------------------------------------------------------------

# Prints the digest of this commit's image as the registry knows it, or nothing where there is none yet.
pushed_digest() {
  if skopeo inspect --no-tags --authfile "$auth" --tls-verify="$tls_verify" --format '{{.Digest}}' \
    "docker://$uri:$CI_COMMIT_SHA" 2>"$work/error"; then
    return 0
  fi
  grep -qiE 'manifest unknown|name unknown|not found' "$work/error" || {
    cat "$work/error" >&2
    fail "The registry could not say whether $uri:$CI_COMMIT_SHA exists: the error above says why."
  }
}

digest=$(pushed_digest) || exit 1

if [ -n "$digest" ]; then
  printf 'The image of this commit exists already; nothing is built.\n'
else
  # The same commit gives the same image: its time is the commit's.
  time=$(git show -s --format=%ct "$CI_COMMIT_SHA") || fail "Commit $CI_COMMIT_SHA is not in this checkout: the job needs the repository (GIT_STRATEGY)."

  # Storage of its own leaves nothing behind and meets no other job.
  set -- --root "$work/storage" --runroot "$work/run" --storage-driver "${STORAGE_DRIVER:-vfs}"

  buildah "$@" bud --isolation "${BUILDAH_ISOLATION:-chroot}" --authfile "$auth" --tls-verify="$tls_verify" \
    --timestamp "$time" --build-arg "NODE_IMAGE=$HARMONIX_NODE_IMAGE" --iidfile "$work/image" . ||
    fail 'The image could not be built: the lines above say which step of the Dockerfile failed.'

  # A job that ran beside this one may have pushed first: tags are immutable, so the first one counts.
  if ! buildah "$@" push --authfile "$auth" --tls-verify="$tls_verify" "$(cat "$work/image")" "docker://$uri:$CI_COMMIT_SHA"; then
    digest=$(pushed_digest) || exit 1
    [ -n "$digest" ] || fail "The image could not be pushed to $uri: the error above says why."
  fi

  digest=$(pushed_digest) || exit 1
fi

case "$digest" in
  sha256:*) ;;
  *) fail "The registry does not know $uri:$CI_COMMIT_SHA after its push: run the job again." ;;
esac

printf '{"commit":"%s","image":"%s@%s","digest":"%s"}\n' "$CI_COMMIT_SHA" "$uri" "$digest" "$digest" >release.json
printf 'Release %s is %s@%s\n' "$CI_COMMIT_SHA" "$uri" "$digest"
