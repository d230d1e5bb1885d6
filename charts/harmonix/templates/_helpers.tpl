{{/* The chart's name. */}}
{{- define "harmonix.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of what is made: the release's, where that says harmonix already. */}}
{{- define "harmonix.fullname" -}}
{{- $name := include "harmonix.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What tells this release's things from others. No version: a selector never changes. */}}
{{- define "harmonix.selector" -}}
app.kubernetes.io/name: {{ include "harmonix.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of everything. */}}
{{- define "harmonix.labels" -}}
{{ include "harmonix.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: harmonix
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "harmonix.serviceAccount" -}}
{{- default (include "harmonix.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "harmonix.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the installation key: one's own, or the one that the Job makes. */}}
{{- define "harmonix.installationKey" -}}
{{- default (printf "%s-installation-key" (include "harmonix.fullname" .)) .Values.installationKey.existingSecret -}}
{{- end -}}

{{/* "true" where the admission policy that stamps who asked is installed, else nothing. A cluster tells which kinds it has; without a
     cluster (helm template) its version says it. */}}
{{- define "harmonix.stamped" -}}
{{- $kind := "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy" -}}
{{- if and .Values.admission.requestedBy (or (.Capabilities.APIVersions.Has $kind) (semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version)) -}}
true
{{- end -}}
{{- end -}}

{{/* "true" where GitLab's certificate is checked with certificates of one's own. */}}
{{- define "harmonix.ownAuthority" -}}
{{- with .Values.gitlab.ca -}}
{{- if or .pem .existingConfigMap .existingSecret -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* What the standard `restricted` of Pod Security asks of a pod. */}}
{{- define "harmonix.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.pod.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* What it asks of a container, and a root that nothing can be written to. */}}
{{- define "harmonix.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* An argument as it is: Kubernetes would read $(NAME) in it as a variable. */}}
{{- define "harmonix.argument" -}}
{{- . | replace "$" "$$" | quote -}}
{{- end -}}
