{{/* The pod of a workload: one container, nothing writable but its data and /tmp, no token for the cluster's API. */}}
{{- define "spiderduck.pod" -}}
{{- $own := include "spiderduck.own" . | fromYaml -}}
metadata:
  labels:
    {{- with $own.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- include "spiderduck.labels" . | nindent 4 }}
  annotations:
    checksum/config: {{ .root.Values.config | toToml | sha256sum }}   # a changed setting rolls the pods
    {{- with $own.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "spiderduck.podSecurity" . | nindent 2 }}
  {{- include "spiderduck.placement" . | nindent 2 }}
  # The product promises to be gone ten seconds after SIGTERM.
  terminationGracePeriodSeconds: 20
  containers:
    - name: {{ .workload }}
      {{- include "spiderduck.container" . | nindent 6 }}
      args: {{ eq .workload "single" | ternary (list "up") (list "up" "--only" .workload) | toJson }}
      env:
        {{- include "spiderduck.environment" . | nindent 8 }}
        {{- with $own.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if and .facts.archive .root.Values.secrets.archive.name (not .root.Values.secrets.archive.optionsKey) }}
      envFrom:
        - secretRef: {name: {{ .root.Values.secrets.archive.name | quote }}}
      {{- end }}
      ports:
        - {name: http, containerPort: 8080}
        {{- if ne .workload "fetchers" }}
        - {name: metrics, containerPort: 9090}
        {{- end }}
      # /healthz answers while engines are still away, so a minute is for a slow image and a slow disk. An engine that is
      # away makes a pod unready, never restarts it.
      startupProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 30}
      livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3}
      readinessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2}
      resources:
        {{- toYaml $own.resources | nindent 8 }}
      volumeMounts:
        {{- include "spiderduck.mounts" . | nindent 8 }}
  volumes:
    {{- if not $own.volume }}
    - {name: data, emptyDir: {sizeLimit: 1Gi}}
    {{- end }}
    {{- include "spiderduck.volumes" . | nindent 4 }}
{{- end }}

{{- define "spiderduck.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
- {name: config, mountPath: /etc/spiderduck, readOnly: true}
- {name: secrets, mountPath: /run/secrets/spiderduck, readOnly: true}
{{- include "spiderduck.tlsMounts" . }}
{{- end }}

{{/* All but `data`, which may be a claim. */}}
{{- define "spiderduck.volumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 1Gi}}
- {name: config, configMap: {name: {{ include "spiderduck.fullname" (dict "root" .root "workload" "config") }}}}
{{ include "spiderduck.secretVolume" . }}
{{- include "spiderduck.tlsVolumes" . }}
{{- end }}

{{/* Where the scheduler of Kubernetes puts a pod, and what goes first when room is short. */}}
{{- define "spiderduck.placement" -}}
{{- $own := include "spiderduck.own" . | fromYaml -}}
{{- with $own.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $own.topologySpread }}
topologySpreadConstraints:
  {{- range $own.topologySpread }}
  - maxSkew: {{ .maxSkew | default 1 }}
    topologyKey: {{ .topologyKey | quote }}
    whenUnsatisfiable: {{ .whenUnsatisfiable | default "ScheduleAnyway" }}
    labelSelector:
      matchLabels:
        {{- include "spiderduck.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "spiderduck.podSecurity" -}}
serviceAccountName: {{ include "spiderduck.accountName" . | quote }}
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
image: "{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end }}"
imagePullPolicy: {{ $image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* The account a pod runs as: one for each workload, so that a role of the cloud given to one is not the fetchers'. */}}
{{- define "spiderduck.accountName" -}}
{{- $account := (include "spiderduck.own" . | fromYaml).serviceAccount -}}
{{- $account.name | default ($account.create | ternary (include "spiderduck.fullname" .) "default") -}}
{{- end }}
