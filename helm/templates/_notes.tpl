{{/* What helm says behind an installation: the next commands. A template of its own, so that a test can show it. */}}
{{- define "spiderduck.notes" -}}
SpiderDuck {{ .Chart.AppVersion }} is being rolled out as {{ .Release.Name }} ({{ .Values.mode }}).
{{- $serving := include "spiderduck.serving" (dict "root" . "part" "api") }}
{{- $n := printf "-n %s" .Release.Namespace }}

1. Wait until it is ready. A pod that is not says at /readyz which dependency it misses.

   kubectl {{ $n }} rollout status {{ eq .Values.mode "single" | ternary "statefulset" "deployment" }}/{{ $serving }} --timeout=5m

2. Take the administrator's key, where this release made it:

   export SPIDERDUCK_KEY=$(kubectl {{ $n }} get secret {{ .Values.secrets.apiKeys.name }} -o jsonpath='{.data.admin-key}' | base64 -d)

3. Reach it, and ask for a card:

   kubectl {{ $n }} port-forward service/{{ $serving }} 8080 &
   curl -sG -H "Authorization: Bearer $SPIDERDUCK_KEY" http://127.0.0.1:8080/v1/unfurl --data-urlencode 'url=https://www.python.org/'

The console is at http://127.0.0.1:8080/ in a browser; it asks for that key.
{{- if .Values.ingress.enabled }}
From outside, https://{{ .Values.ingress.host }} answers what is listed in ingress.paths; the console and /metrics are not.
{{- end }}
{{- if not .Values.networkPolicy.enabled }}

WARNING: networkPolicy.enabled is false. Every pod reaches the internet and every other pod.
{{- end }}
{{- if or .Values.cassandra.enabled .Values.rabbitmq.enabled .Values.zookeeper.enabled .Values.memcached.enabled }}

WARNING: engines of this chart are for trying out. They have one node each and no backup.
{{- end }}
{{- if hasPrefix "SpiderDuck/" (.Values.config.fetchers | default dict).user_agent }}

WARNING: config.fetchers.user_agent names no page about your bot. Site owners look for one:
   --set config.fetchers.user_agent='ExampleBot/1.0 (+https://example.com/bot)'
{{- end }}
{{- end }}
