{{/*
Pieces of network policies. An empty list of peers would mean everybody, so each piece either names somebody or is absent.
*/}}

{{/* Who may call a workload: the table of who reaches whom, turned round. Empty where nobody may. */}}
{{- define "spiderduck.callerPeers" -}}
{{- $root := .root -}}
{{- $workload := .workload -}}
{{- range $caller, $facts := .workloads }}
{{- if has $workload $facts.reaches }}
{{ include "spiderduck.podPeer" (dict "root" $root "workload" $caller) }}
{{- end }}
{{- end }}
{{- if .facts.public }}
{{- with $root.Values.networkPolicy.callers }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The NetworkPolicy peers of an engine: those given, else its pods in this namespace. */}}
{{- define "spiderduck.enginePeers" -}}
{{- $given := (index .root.Values.engines .engine).peers -}}
{{- $given | default (list (dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" .engine)))) | toYaml -}}
{{- end }}

{{- define "spiderduck.podPeer" -}}
- podSelector:
    matchLabels:
      {{- include "spiderduck.selector" . | nindent 6 }}
{{- end }}

{{/* Egress to one engine. */}}
{{- define "spiderduck.engineEgress" -}}
- to:
    {{- include "spiderduck.enginePeers" . | nindent 4 }}
  ports: [{protocol: TCP, port: {{ (index .root.Values.engines .engine).port }}}]
{{- end }}

{{/* Egress to the cluster's name servers. */}}
{{- define "spiderduck.dnsEgress" -}}
- to:
    {{- toYaml .root.Values.networkPolicy.dns | nindent 4 }}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end }}

{{/* Egress of the DMZ: public addresses only, on the ports that a fetcher may dial. */}}
{{- define "spiderduck.internetEgress" -}}
{{- $internet := .root.Values.networkPolicy.internet -}}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ $internet.except4 | toJson }}}
    - ipBlock: {cidr: "::/0", except: {{ $internet.except6 | toJson }}}
  ports:
    {{- range $internet.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
