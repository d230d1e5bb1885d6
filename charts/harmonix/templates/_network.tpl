{{/* How a range lies to the instance's metadata, 169.254.169.254 and fd00:ec2::254: "apart", "around" it, or "refused": no range, or
     nothing but it. */}}
{{- define "harmonix.metadata" -}}
{{- $cidr := toString . -}}
{{- if regexMatch "^[0-9]{1,3}([.][0-9]{1,3}){3}/[0-9]{1,2}$" $cidr -}}
  {{- $parts := regexSplit "[./]" $cidr -1 -}}
  {{- $bits := index $parts 4 | atoi -}}
  {{- $address := 0 -}}
  {{- $valid := le $bits 32 -}}
  {{- range (slice $parts 0 4) -}}
    {{- if gt (atoi .) 255 -}}{{- $valid = false -}}{{- end -}}
    {{- $address = add (mul $address 256) (atoi .) -}}
  {{- end -}}
  {{- if not $valid -}}
refused
  {{- else -}}
    {{- $size := 1 -}}
    {{- range until (int (sub 32 $bits)) -}}{{- $size = mul $size 2 -}}{{- end -}}
    {{- if ne (div $address $size) (div 2852039166 $size) -}}
apart
    {{- else if eq $bits 32 -}}
refused
    {{- else -}}
around
    {{- end -}}
  {{- end -}}
{{- else if eq $cidr "::/0" -}}
around
{{- else if regexMatch "^[23][0-9a-f]{3}:[0-9a-f:]*/([3-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$" $cidr -}}
apart
{{- else if and (regexMatch "^f[cd][0-9a-f]{2}:[0-9a-f:]*/(1[6-9]|[2-9][0-9]|1[01][0-9]|12[0-8])$" $cidr) (not (hasPrefix "fd00:" $cidr)) -}}
apart
{{- else -}}
refused
{{- end -}}
{{- end -}}

{{/* A range as a peer, without the instance's metadata. */}}
{{- define "harmonix.range" -}}
- ipBlock:
    cidr: {{ . | quote }}
    {{- if eq (include "harmonix.metadata" .) "around" }}
    except: [{{ ternary "fd00:ec2::254/128" "169.254.169.254/32" (contains ":" .) | quote }}]
    {{- end }}
{{- end -}}

{{/* The ports of HTTPS and of GitLab. */}}
{{- define "harmonix.webPorts" -}}
{{- $ports := list 443 -}}
{{- $url := urlParse .Values.gitlab.url -}}
{{- $port := regexFind ":[0-9]+$" (get $url "host") | trimPrefix ":" -}}
{{- if $port -}}
{{- $ports = append $ports (atoi $port) -}}
{{- else if eq (get $url "scheme") "http" -}}
{{- $ports = append $ports 80 -}}
{{- end -}}
{{- range (uniq $ports) }}
- { protocol: TCP, port: {{ . }} }
{{- end -}}
{{- end -}}
