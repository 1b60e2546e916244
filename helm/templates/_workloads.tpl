{{/*
The workloads as data (READ FIRST): how each is run, and whom it may reach. Pods, services, autoscalers and network
policies are made from this table, so that a new line of traffic is one word here. `mode: single` has one row: the whole
product in one pod, with everything embedded.

kind          StatefulSet where a pod has a disk of its own or is addressed by name, else Deployment
reaches       our own workloads it calls
engines       engines it calls
archive       reads or writes the object store
internet      the DMZ: only what fetches; in a cluster it stores nothing
public        called from outside the cluster
*/}}
{{- define "spiderduck.workloads" -}}
{{- if eq .Values.mode "single" -}}
single: {kind: StatefulSet, reaches: [], engines: [], archive: {{ ne .Values.archive.url "" }}, internet: true, public: true}
{{- else -}}
schedulers: {kind: StatefulSet, reaches: [fetchers, ids, images], engines: [cassandra, rabbitmq], archive: true, internet: false, public: false}
fetchers: {kind: StatefulSet, reaches: [fetchers], engines: [zookeeper, memcached], archive: false, internet: true, public: false}
api: {kind: Deployment, reaches: [fetchers, ids, images], engines: [cassandra, rabbitmq], archive: true, internet: false, public: true}
ids: {kind: StatefulSet, reaches: [ids], engines: [zookeeper], archive: false, internet: false, public: false}
images: {kind: StatefulSet, reaches: [fetchers, api], engines: [], archive: false, internet: false, public: true}
{{- end -}}
{{- end }}

{{/* The workload that answers this part's calls. */}}
{{- define "spiderduck.serving" -}}
{{- include "spiderduck.fullname" (dict "root" .root "workload" (eq .root.Values.mode "single" | ternary "single" .part)) -}}
{{- end }}

{{/* A workload's own values over those of all pods. Variables of both count, its own last. */}}
{{- define "spiderduck.own" -}}
{{- $every := deepCopy .root.Values.pods -}}
{{- $own := deepCopy (index .root.Values .workload) -}}
{{- $variables := concat ($every.extraEnv | default list) ($own.extraEnv | default list) -}}
{{- set (mergeOverwrite $every $own) "extraEnv" $variables | toYaml -}}
{{- end }}
