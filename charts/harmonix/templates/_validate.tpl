{{/* Refuses what cannot work, everything at once, in sentences. Types, unknown keys and closed sets are refused by values.schema.json
     before this. The controller checks its own options again. */}}
{{- define "harmonix.validate" -}}
{{- $problems := list -}}
{{- range list "gitlab" "installation" "aws" "jobs" "replicas" "image" "network" "rest" -}}
{{- $problems = concat $problems (include (print "harmonix.validate." .) $ | trim | splitList "\n") -}}
{{- end -}}
{{- $problems = without $problems "" -}}
{{- if $problems -}}
{{- fail (printf "\n\nHarmonix is not installed like this:\n- %s\n" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "harmonix.validate.gitlab" -}}
{{- with .Values.gitlab -}}
{{- if not .url }}
gitlab.url is missing: give the base URL of your GitLab, such as https://gitlab.example.com
{{- else if not (regexMatch "^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[^?#]*)?$" .url) }}
gitlab.url is not a URL such as https://gitlab.example.com, without user, query and fragment
{{- end }}
{{- if and (not .token.existingSecret) (not .token.file) }}
gitlab.token.existingSecret is missing: name a Secret of this namespace with the GitLab token, or a mounted file in gitlab.token.file
{{- else if and .token.existingSecret .token.file }}
gitlab.token.existingSecret and gitlab.token.file are both given: the token has one place
{{- end }}
{{- if and .token.file (not (hasPrefix "/" .token.file)) }}
gitlab.token.file is {{ quote .token.file }}, which is no absolute path
{{- end }}
{{- if and .token.file (not (or $.Values.extraVolumes $.Values.extraVolumeMounts)) }}
gitlab.token.file names a file that nothing mounts: give extraVolumes and extraVolumeMounts as well
{{- end }}
{{- if gt (len (compact (list .ca.pem .ca.existingConfigMap .ca.existingSecret))) 1 }}
gitlab.ca has more than one of pem, existingConfigMap and existingSecret: the certificates have one place
{{- end }}
{{- if and .ca.pem (not (contains "-----BEGIN CERTIFICATE-----" .ca.pem)) }}
gitlab.ca.pem holds no certificate in PEM (-----BEGIN CERTIFICATE-----)
{{- end }}
{{- if contains "PRIVATE KEY-----" .ca.pem }}
gitlab.ca.pem holds a private key: only certificates belong there, and that key is to be exchanged now
{{- end }}
{{- $group := "^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,19}$" }}
{{- range $name, $path := dict "gitlab.applicationsGroup" .applicationsGroup "gitlab.providersGroup" .providersGroup }}
{{- if not (regexMatch $group $path) }}
{{ $name }} is {{ quote $path }}, which is not the full path of a GitLab group, such as platform/applications
{{- end }}
{{- end }}
{{- $applications := print (lower .applicationsGroup) "/" }}
{{- $providers := print (lower .providersGroup) "/" }}
{{- if or (hasPrefix $applications $providers) (hasPrefix $providers $applications) }}
gitlab.applicationsGroup and gitlab.providersGroup must be two groups, neither inside the other: whoever pushes below the providers' group can assume the bootstrap roles
{{- end }}
{{- $issuer := default .url .oidc.issuer }}
{{- if and $issuer (not (regexMatch "^(https://|http://(localhost|127[.][0-9.]+)(:|/|$))" $issuer)) }}
{{ ternary "gitlab.oidc.issuer" "gitlab.oidc.issuer is missing, and gitlab.url in its place" (not (empty .oidc.issuer)) }} does not begin with https://, as AWS IAM knows the issuer
{{- end }}
{{- end }}
{{- end -}}

{{- define "harmonix.validate.installation" -}}
{{- if and (not .Values.installationKey.existingSecret) (not .Values.rbac.create) }}
rbac.create is false, so the Job that makes the installation key would have no rights: name a Secret in installationKey.existingSecret
{{- end }}
{{- end -}}

{{- define "harmonix.validate.aws" -}}
{{- with .Values.aws -}}
{{- if not .roleArn }}
aws.roleArn is missing: give the ARN of the controller's own role, such as arn:aws:iam::111111111111:role/harmonix (examples/eks makes it)
{{- else if not (regexMatch "^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$" .roleArn) }}
aws.roleArn is {{ quote .roleArn }}, which is not the ARN of an IAM role, such as arn:aws:iam::111111111111:role/harmonix
{{- end }}
{{- if not (regexMatch "^[a-z]{2}(-gov)?-[a-z]{2,16}-[0-9]{1,2}$" .region) }}
aws.region is {{ quote .region }}, which is not an AWS region such as eu-west-1
{{- end }}
{{- $annotated := get $.Values.serviceAccount.annotations "eks.amazonaws.com/role-arn" }}
{{- if and $annotated (ne .identity "IRSA") }}
serviceAccount.annotations names a role for IRSA, but aws.identity is {{ .identity }}: a pod gets its role in one way (set aws.identity to IRSA, or take the annotation away)
{{- else if and $annotated (ne $annotated .roleArn) }}
serviceAccount.annotations names the role {{ $annotated }}, and aws.roleArn another one: leave the annotation to the chart
{{- end }}
{{- if and (eq .identity "IRSA") (not $.Values.serviceAccount.create) (not $.Values.serviceAccount.name) }}
aws.identity is IRSA and serviceAccount.create is false: name the service account that you annotated in serviceAccount.name
{{- end }}
{{- end }}
{{- end -}}

{{- define "harmonix.validate.jobs" -}}
{{- with .Values.jobs -}}
{{- range $name, $image := dict "jobs.terraformImage" .terraformImage "jobs.buildImage" .buildImage "jobs.nodeImage" .nodeImage }}
{{- if not $image }}
{{ $name }} is missing: name an image by digest, such as registry.example.com/tool@sha256:…
{{- else if not (regexMatch "^[^\\s@]+@sha256:[0-9a-f]{64}$" $image) }}
{{ $name }} is {{ quote $image }}, which does not name an image by digest, such as registry.example.com/tool@sha256:…, with 64 digits
{{- end }}
{{- end }}
{{- range .runnerTags }}
{{- if or (contains "," .) (not (trim .)) }}
jobs.runnerTags has {{ quote . }}: a tag is not empty and holds no comma
{{- end }}
{{- end }}
{{- range $name, $value := .variables }}
{{- if not (regexMatch "^[A-Za-z_][A-Za-z0-9_]*$" $name) }}
jobs.variables has {{ quote $name }}: a name holds letters, digits and '_' only
{{- end }}
{{- if regexMatch "[,\n]" $value }}
jobs.variables.{{ $name }} holds a comma or more than one line, which no variable of a job can
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "harmonix.validate.replicas" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection.enabled) }}
replicas is {{ int .Values.replicas }} and leaderElection.enabled is false: more than one pod needs the election, or they work against each other
{{- end }}
{{- end -}}

{{- define "harmonix.validate.image" -}}
{{- with .Values.image -}}
{{- if not .repository }}
image.repository is missing: name the image that you pushed, such as registry.example.com/harmonix, without tag
{{- else if regexMatch "[@\\s]|:[^/]*$" .repository }}
image.repository is {{ quote .repository }}, with a tag or a digest in it: these belong into image.tag and image.digest
{{- end }}
{{- if and .digest (not (regexMatch "^sha256:[0-9a-f]{64}$" .digest)) }}
image.digest is {{ quote .digest }}, which is not sha256: and 64 digits
{{- end }}
{{- if and .tag .digest }}
image.tag and image.digest are both given: the image is named once
{{- end }}
{{- end }}
{{- end -}}

{{- define "harmonix.validate.network" -}}
{{- with .Values.networkPolicy -}}
{{- if .enabled }}
{{- range $name, $ranges := dict "networkPolicy.apiServer.cidrs" .apiServer.cidrs "networkPolicy.https.cidrs" .https.cidrs }}
{{- range $ranges }}
{{- if eq (include "harmonix.metadata" .) "refused" }}
{{ $name }} has {{ quote . }}, which is no range such as 10.0.0.0/16, 2600:1f00::/24 or ::/0, or belongs to the instance's metadata
{{- end }}
{{- end }}
{{- end }}
{{- range $rule := .extraEgress }}
{{- if not $rule.to }}
networkPolicy.extraEgress has a rule without 'to', which would let out to everywhere, the instance's metadata included
{{- end }}
{{- range $peer := $rule.to }}
{{- include "harmonix.validate.peer" (list "networkPolicy.extraEgress" $peer) }}
{{- end }}
{{- end }}
{{- range $peer := .dns.to }}
{{- include "harmonix.validate.peer" (list "networkPolicy.dns.to" $peer) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* One peer of egress: its name and the peer. Nothing may lead to the instance's metadata. */}}
{{- define "harmonix.validate.peer" -}}
{{- $name := index . 0 -}}
{{- $block := (index . 1).ipBlock -}}
{{- if $block -}}
{{- $lies := include "harmonix.metadata" $block.cidr -}}
{{- $except := ternary "fd00:ec2::254/128" "169.254.169.254/32" (contains ":" (toString $block.cidr)) -}}
{{- if eq $lies "refused" }}
{{ $name }} has {{ quote $block.cidr }}, which is no range such as 10.0.0.0/16, 2600:1f00::/24 or ::/0, or belongs to the instance's metadata
{{- else if and (eq $lies "around") (not (has $except $block.except)) }}
{{ $name }} has {{ quote $block.cidr }}, which holds the instance's metadata: add except: [{{ $except }}]
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "harmonix.validate.rest" -}}
{{- $v := .Values -}}
{{- $times := dict "gitlab.timeout" $v.gitlab.timeout "controller.pollInterval" $v.controller.pollInterval "controller.resyncInterval" $v.controller.resyncInterval "controller.pipelineAppearsWithin" $v.controller.pipelineAppearsWithin "controller.pipelineStartsWithin" $v.controller.pipelineStartsWithin "controller.lostAnswerGrace" $v.controller.lostAnswerGrace -}}
{{- range $name, $time := $times }}
{{- if not (regexMatch "^0*[1-9][0-9]{0,8}(ms|s|m|h)$" $time) }}
{{ $name }} is {{ quote $time }}, which is not a time such as 500ms, 10s, 2m or 1h
{{- end }}
{{- end }}
{{- $lease := $v.leaderElection.leaseDuration }}
{{- if not (or (regexMatch "^[1-5]m$" $lease) (regexMatch "^([3-9]|[1-9][0-9]|[12][0-9]{2}|300)s$" $lease)) }}
leaderElection.leaseDuration is {{ quote $lease }}: it is whole seconds, from 3s to 300s
{{- end }}
{{- range $name, $url := dict "proxy.https" $v.proxy.https "proxy.http" $v.proxy.http "telemetry.otlpEndpoint" $v.telemetry.otlpEndpoint }}
{{- if and $url (not (regexMatch "^https?://[^\\s/@]+(/\\S*)?$" $url)) }}
{{ $name }} is not a URL such as http://proxy.example.com:3128, without user and password (those come from a Secret, through extraEnv)
{{- end }}
{{- end }}
{{- range $v.extraEnv }}
{{- if hasPrefix "HARMONIX_" .name }}
extraEnv has {{ .name }}, but options of the controller have values of their own
{{- end }}
{{- end }}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.service.enabled) }}
metrics.serviceMonitor.enabled needs metrics.service.enabled: it finds the pods through that Service
{{- end }}
{{- $secrets := dict "gitlab.token.existingSecret" $v.gitlab.token.existingSecret "gitlab.ca.existingSecret" $v.gitlab.ca.existingSecret "gitlab.ca.existingConfigMap" $v.gitlab.ca.existingConfigMap "installationKey.existingSecret" $v.installationKey.existingSecret "serviceAccount.name" $v.serviceAccount.name "fullnameOverride" $v.fullnameOverride }}
{{- range $name, $object := $secrets }}
{{- if and $object (not (regexMatch "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" $object)) }}
{{ $name }} is {{ quote $object }}, which is no name of an object: lower-case letters, digits, '-' and '.'
{{- end }}
{{- end }}
{{- range $name, $key := dict "gitlab.token.key" $v.gitlab.token.key "gitlab.ca.key" $v.gitlab.ca.key "installationKey.key" $v.installationKey.key }}
{{- if not (regexMatch "^[A-Za-z0-9._-]{1,253}$" $key) }}
{{ $name }} is {{ quote $key }}, which is no key of a Secret: letters, digits, '-', '_' and '.'
{{- end }}
{{- end }}
{{- end -}}
