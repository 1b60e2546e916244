{{/* Names and labels. A workload is called `<release>-<workload>`, whatever the release is called. */}}

{{- define "spiderduck.labels" -}}
{{ include "spiderduck.selector" . }}
app.kubernetes.io/part-of: spiderduck
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* What never changes over a release's life, and so may be selected by. */}}
{{- define "spiderduck.selector" -}}
app.kubernetes.io/name: spiderduck
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .workload }}
{{- end }}

{{- define "spiderduck.fullname" -}}
{{ printf "%s-%s" (.root.Release.Name | trunc 48 | trimSuffix "-") .workload }}
{{- end }}
