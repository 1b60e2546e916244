{{/*
Which secret file a workload is given (READ FIRST): the setting, and the Secret's entry that is mounted for it. A workload
gets only what it needs, so that a fetcher, which talks to strangers, knows no password of the store and no key of the API.
The environment names the files, `_pod.tpl` and `migrate.yaml` mount them, all from this table.
*/}}
{{- define "spiderduck.secretFiles" -}}
{{- $secrets := .root.Values.secrets -}}
{{- $engines := .facts.engines -}}
{{- $files := list -}}
{{- if not (has .workload (list "fetchers" "migrate")) -}}
{{- $files = append $files (dict "setting" "API__KEYS" "file" "api-keys" "name" $secrets.apiKeys.name "key" $secrets.apiKeys.key) -}}
{{- end -}}
{{- if not (has .workload (list "fetchers" "migrate" "single")) -}}
{{- $files = append $files (dict "setting" "API__INTERNAL_KEY" "file" "internal-key" "name" $secrets.internal.name "key" $secrets.internal.key) -}}
{{- end -}}
{{- if has .workload (list "api" "images" "single") -}}
{{- $files = append $files (dict "setting" "IMAGES__KEYS" "file" "images-keys" "name" $secrets.images.name "key" $secrets.images.key) -}}
{{- end -}}
{{- if has "fetchers" .facts.reaches -}}
{{- $files = append $files (dict "setting" "FETCHERS__TOKEN" "file" "fetchers-token" "name" $secrets.fetchers.name "key" $secrets.fetchers.key) -}}
{{- end -}}
{{- if has "rabbitmq" $engines -}}
{{- $files = append $files (dict "setting" "BROKER__URL" "file" "broker-url" "name" $secrets.broker.name "key" $secrets.broker.key) -}}
{{- end -}}
{{- if and (has "cassandra" $engines) $secrets.cassandra.name -}}
{{- $files = append $files (dict "setting" "CASSANDRA__USERNAME" "file" "cassandra-username" "name" $secrets.cassandra.name "key" $secrets.cassandra.usernameKey) -}}
{{- $files = append $files (dict "setting" "CASSANDRA__PASSWORD" "file" "cassandra-password" "name" $secrets.cassandra.name "key" $secrets.cassandra.passwordKey) -}}
{{- end -}}
{{- if and (has "zookeeper" $engines) $secrets.zookeeper.name -}}
{{- $files = append $files (dict "setting" "ZOOKEEPER__AUTH" "file" "zookeeper-auth" "name" $secrets.zookeeper.name "key" $secrets.zookeeper.key) -}}
{{- end -}}
{{- if and (has "memcached" $engines) $secrets.memcached.name -}}
{{- $files = append $files (dict "setting" "MEMCACHED__AUTH" "file" "memcached-auth" "name" $secrets.memcached.name "key" $secrets.memcached.key) -}}
{{- end -}}
{{- if and (ne .workload "migrate") $secrets.traces.name -}}
{{- $files = append $files (dict "setting" "TRACES__HEADERS" "file" "traces-headers" "name" $secrets.traces.name "key" $secrets.traces.key) -}}
{{- end -}}
{{- if and .facts.archive $secrets.archive.name $secrets.archive.optionsKey -}}
{{- $files = append $files (dict "setting" "ARCHIVE__OPTIONS" "file" "archive-options" "name" $secrets.archive.name "key" $secrets.archive.optionsKey) -}}
{{- end -}}
{{- dict "files" $files | toYaml -}}
{{- end }}

{{/* The variables that name the files. */}}
{{- define "spiderduck.secretVariables" -}}
{{- range (include "spiderduck.secretFiles" . | fromYaml).files }}
- {name: SPIDERDUCK_{{ .setting }}_FILE, value: /run/secrets/spiderduck/{{ .file }}}
{{- end }}
{{- end }}

{{- define "spiderduck.secretVolume" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range (include "spiderduck.secretFiles" . | fromYaml).files }}
      - secret: {name: {{ .name | quote }}, items: [{key: {{ .key | quote }}, path: {{ .file }}}]}
      {{- end }}
{{- end }}

{{/* The PEM files for TLS with the engines, where a Secret with them is named: one for each engine that a workload calls. */}}
{{- define "spiderduck.tlsVolumes" -}}
{{- range (include "spiderduck.encryptedEngines" . | fromYaml).engines }}
- name: {{ .name }}-tls
  secret: {secretName: {{ .secret | quote }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "spiderduck.tlsMounts" -}}
{{- range (include "spiderduck.encryptedEngines" . | fromYaml).engines }}
- {name: {{ .name }}-tls, mountPath: /run/secrets/{{ .name }}-tls, readOnly: true}
{{- end }}
{{- end }}

{{/* As cert-manager writes such a Secret: ca.crt, and where the engine asks for our certificate tls.crt and tls.key. */}}
{{- define "spiderduck.tlsVariables" -}}
{{- range (include "spiderduck.encryptedEngines" . | fromYaml).engines }}
- {name: SPIDERDUCK_{{ .section }}__TLS__ENABLED, value: "true"}
- {name: SPIDERDUCK_{{ .section }}__TLS__AUTHORITY, value: /run/secrets/{{ .name }}-tls/ca.crt}
{{- if .client }}
- {name: SPIDERDUCK_{{ .section }}__TLS__CERTIFICATE, value: /run/secrets/{{ .name }}-tls/tls.crt}
- {name: SPIDERDUCK_{{ .section }}__TLS__KEY, value: /run/secrets/{{ .name }}-tls/tls.key}
{{- end }}
{{- end }}
{{- end }}

{{- define "spiderduck.encryptedEngines" -}}
{{- $root := .root -}}
{{- $found := list -}}
{{- range .facts.engines -}}
{{- $tls := (index $root.Values.engines .).tls | default dict -}}
{{- if $tls.secret -}}
{{- $section := eq . "rabbitmq" | ternary "BROKER" (upper .) -}}
{{- $found = append $found (dict "name" . "section" $section "secret" $tls.secret "client" $tls.clientCertificate) -}}
{{- end -}}
{{- end -}}
{{- dict "engines" $found | toYaml -}}
{{- end }}
