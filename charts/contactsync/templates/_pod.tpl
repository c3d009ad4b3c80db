{{/* What the controller's pods and the pods of Jobs share. */}}

{{- define "contactsync.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- include "contactsync.storeEnv" . }}
{{- if or .Values.extraCA.configMap .Values.extraCA.secret }}
# Both are read: the image's own authorities, and the extra ones.
- name: SSL_CERT_FILE
  value: /etc/ssl/certs/ca-certificates.crt
- name: SSL_CERT_DIR
  value: /etc/contactsync/ca
{{- end }}
{{- include "contactsync.proxyEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "contactsync.proxyEnv" -}}
{{- $proxy := .Values.proxy }}
{{- if or $proxy.httpsProxy $proxy.httpProxy }}
{{- with $proxy.httpsProxy }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
{{- end }}
{{- with $proxy.httpProxy }}
- name: HTTP_PROXY
  value: {{ . | quote }}
{{- end }}
- name: NO_PROXY
  value: {{ concat (list "localhost" "127.0.0.1" "::1" ".svc" ".svc.cluster.local" "kubernetes.default" "$(KUBERNETES_SERVICE_HOST)" "169.254.0.0/16" "metadata.google.internal") (default list $proxy.noProxy) | join "," | quote }}
{{- end }}
{{- end }}

{{- define "contactsync.envFrom" -}}
{{- with .Values.logs.store.credentialsSecret }}
- secretRef: {name: {{ . }}}
{{- end }}
{{- with .Values.extraEnvFrom }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "contactsync.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if has .Values.logs.store.type (list "PersistentVolumeClaim" "ExistingClaim" "EmptyDir") }}
- name: runs
  mountPath: /var/lib/contactsync/runs
{{- end }}
{{- if .Values.files.existingClaim }}
- name: files
  mountPath: /var/lib/contactsync/files
  readOnly: true
{{- end }}
{{- range $namespace := include "contactsync.fileNamespaces" . | fromJsonArray }}
- name: files-{{ sha256sum $namespace | trunc 8 }}
  mountPath: /var/lib/contactsync/files/{{ $namespace }}
  readOnly: true
{{- end }}
{{- if or .Values.extraCA.configMap .Values.extraCA.secret }}
- name: extra-ca
  mountPath: /etc/contactsync/ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "contactsync.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- if eq .Values.logs.store.type "EmptyDir" }}
- name: runs
  emptyDir:
    sizeLimit: {{ .Values.logs.store.emptyDir.sizeLimit }}
{{- else if has .Values.logs.store.type (list "PersistentVolumeClaim" "ExistingClaim") }}
- name: runs
  persistentVolumeClaim:
    claimName: {{ include "contactsync.claimName" . }}
{{- end }}
{{- with .Values.files.existingClaim }}
- name: files
  persistentVolumeClaim:
    claimName: {{ . }}
    readOnly: true
{{- end }}
{{- $configMaps := .Values.files.configMaps }}
{{- range $namespace := include "contactsync.fileNamespaces" . | fromJsonArray }}
- name: files-{{ sha256sum $namespace | trunc 8 }}
  projected:
    sources:
      {{- range $configMaps }}
      {{- if eq .namespace $namespace }}
      - configMap: {name: {{ .name }}}
      {{- end }}
      {{- end }}
{{- end }}
{{- with .Values.extraCA }}
{{- if .configMap }}
- name: extra-ca
  configMap:
    name: {{ .configMap }}
    items: [{key: {{ .key | quote }}, path: ca.crt}]
{{- else if .secret }}
- name: extra-ca
  secret:
    secretName: {{ .secret }}
    items: [{key: {{ .key | quote }}, path: ca.crt}]
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The namespaces that files.configMaps serves, once each, as JSON. */}}
{{- define "contactsync.fileNamespaces" -}}
{{- $namespaces := list }}
{{- range .Values.files.configMaps }}
{{- $namespaces = append $namespaces .namespace }}
{{- end }}
{{- $namespaces | uniq | toJson }}
{{- end }}
