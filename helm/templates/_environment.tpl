{{/*
The environment of a workload: every name is SPIDERDUCK_ and the setting's path. A workload gets only what it needs.
Secrets are files, see `_secrets.tpl`.
*/}}
{{- define "spiderduck.environment" -}}
{{- $values := .root.Values -}}
{{- $engines := .facts.engines -}}
- {name: SPIDERDUCK_CONFIG, value: /etc/spiderduck/spiderduck.toml}
- {name: SPIDERDUCK_DATA, value: /data}
- {name: SPIDERDUCK_HOST, value: "0.0.0.0"}
- {name: SPIDERDUCK_PORT, value: "8080"}
{{- if ne .workload "fetchers" }}
- {name: SPIDERDUCK_METRICS_PORT, value: "9090"}
- {name: SPIDERDUCK_API__HOSTS, value: {{ include "spiderduck.ownHosts" . | squote }}}
{{- end }}
{{- include "spiderduck.secretVariables" . }}
{{- include "spiderduck.tlsVariables" . }}
{{- if has "cassandra" $engines }}
- {name: SPIDERDUCK_CASSANDRA__HOSTS, value: {{ include "spiderduck.hosts" (dict "root" .root "engine" "cassandra") | squote }}}
- {name: SPIDERDUCK_CASSANDRA__PORT, value: {{ $values.engines.cassandra.port | quote }}}
- {name: SPIDERDUCK_CASSANDRA__KEYSPACE, value: {{ $values.engines.cassandra.keyspace | quote }}}
- {name: SPIDERDUCK_CASSANDRA__LOCAL_DATACENTER, value: {{ $values.engines.cassandra.localDatacenter | quote }}}
{{- end }}
{{- if has "zookeeper" $engines }}
- {name: SPIDERDUCK_ZOOKEEPER__HOSTS, value: {{ include "spiderduck.addresses" (dict "root" .root "engine" "zookeeper") | squote }}}
- {name: SPIDERDUCK_ZOOKEEPER__CHROOT, value: {{ $values.engines.zookeeper.chroot | quote }}}
{{- end }}
{{- if has "memcached" $engines }}
- {name: SPIDERDUCK_MEMCACHED__HOSTS, value: {{ include "spiderduck.addresses" (dict "root" .root "engine" "memcached") | squote }}}
{{- end }}
{{- if .facts.archive }}
- {name: SPIDERDUCK_ARCHIVE__URL, value: {{ required "archive.url is empty; it takes any fsspec address, e.g. s3://bucket/spiderduck" $values.archive.url | quote }}}
{{- end }}
{{- if has "ids" .facts.reaches }}
- {name: SPIDERDUCK_IDS__URL, value: "http://{{ include "spiderduck.fullname" (dict "root" .root "workload" "ids") }}:8080"}
{{- end }}
{{- if has "images" .facts.reaches }}
- {name: SPIDERDUCK_IMAGES__URL, value: "http://{{ include "spiderduck.fullname" (dict "root" .root "workload" "images") }}:8080"}
{{- end }}
{{- if has "api" .facts.reaches }}
- {name: SPIDERDUCK_IMAGES__API_URL, value: "http://{{ include "spiderduck.fullname" (dict "root" .root "workload" "api") }}:8080"}
{{- end }}
{{- if and (has "fetchers" .facts.reaches) (ne .workload "fetchers") }}
- {name: SPIDERDUCK_FETCHERS__ADDRESSES, value: '["http://{{ include "spiderduck.fullname" (dict "root" .root "workload" "fetchers") }}:8080"]'}
{{- end }}
{{- if eq .workload "ids" }}
- {name: SPIDERDUCK_IDS__LEASE, value: {{ $values.ids.lease | quote }}}
{{- end }}
{{- if eq .workload "fetchers" }}
- {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: SPIDERDUCK_FETCHERS__ADVERTISE, value: "http://$(POD_NAME).{{ include "spiderduck.fullname" . }}:8080"}
{{- end }}
{{- end }}

{{/* JSON list of the names by which a workload is called: its service's, the ingress's, and those of the settings. */}}
{{- define "spiderduck.ownHosts" -}}
{{- $service := include "spiderduck.fullname" . -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $hosts := list $service (printf "%s.%s" $service $namespace) (printf "%s.%s.svc" $service $namespace) (printf "%s.%s.svc.cluster.local" $service $namespace) -}}
{{- if and .facts.public .root.Values.ingress.enabled -}}
{{- $hosts = append $hosts .root.Values.ingress.host -}}
{{- end -}}
{{- $api := .root.Values.config.api | default dict -}}
{{- concat $hosts ($api.hosts | default list) | toJson -}}
{{- end }}

{{/* JSON list of host names: those given, else the sub-chart's service. */}}
{{- define "spiderduck.hosts" -}}
{{- $engine := index .root.Values.engines .engine -}}
{{- $engine.hosts | default (list (printf "%s-%s" .root.Release.Name .engine)) | toJson -}}
{{- end }}

{{/* JSON list of host:port. */}}
{{- define "spiderduck.addresses" -}}
{{- $engine := index .root.Values.engines .engine -}}
{{- $addresses := list -}}
{{- range $engine.hosts | default (list (printf "%s-%s" .root.Release.Name .engine)) -}}
{{- $addresses = append $addresses (printf "%s:%d" . (int $engine.port)) -}}
{{- end -}}
{{- $addresses | toJson -}}
{{- end }}
