{{/* The pod of a workload: one container, nothing writable but its data and /tmp, no token for the cluster's API. */}}
{{- define "spiderduck.pod" -}}
{{- $own := index .root.Values .workload -}}
metadata:
  labels:
    {{- include "spiderduck.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ .root.Values.config | toToml | sha256sum }}   # a changed setting rolls the pods
spec:
  {{- include "spiderduck.podSecurity" . | nindent 2 }}
  # The product promises to be gone ten seconds after SIGTERM.
  terminationGracePeriodSeconds: 20
  containers:
    - name: {{ .workload }}
      {{- include "spiderduck.container" . | nindent 6 }}
      args: [up, --only, {{ .workload }}]
      env:
        {{- include "spiderduck.environment" . | nindent 8 }}
      {{- if and .facts.archive .root.Values.secrets.archive.name (not .root.Values.secrets.archive.optionsKey) }}
      envFrom:
        - secretRef: {name: {{ .root.Values.secrets.archive.name | quote }}}
      {{- end }}
      ports:
        - {name: http, containerPort: 8080}
        {{- if ne .workload "fetchers" }}
        - {name: metrics, containerPort: 9090}
        {{- end }}
      # Engines may take a while to come up with us; until then only this probe counts.
      startupProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 2, failureThreshold: 60}
      livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3}
      readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2}
      resources:
        {{- toYaml $own.resources | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: tmp, mountPath: /tmp}
        - {name: config, mountPath: /etc/spiderduck, readOnly: true}
        - {name: secrets, mountPath: /run/secrets/spiderduck, readOnly: true}
  volumes:
    {{- if not $own.volume }}
    - {name: data, emptyDir: {}}
    {{- end }}
    - {name: tmp, emptyDir: {}}
    - {name: config, configMap: {name: {{ include "spiderduck.fullname" (dict "root" .root "workload" "config") }}}}
    {{- include "spiderduck.secretVolume" . | nindent 4 }}
  {{- with $own.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "spiderduck.selector" . | nindent 10 }}
{{- end }}

{{- define "spiderduck.podSecurity" -}}
automountServiceAccountToken: false
# Kubernetes would set SPIDERDUCK_…_PORT for every service of the release, which our settings would read as their own.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . | quote }}}
  {{- end }}
{{- end }}
{{- end }}

{{- define "spiderduck.container" -}}
{{- $image := .root.Values.image -}}
image: "{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ $image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
