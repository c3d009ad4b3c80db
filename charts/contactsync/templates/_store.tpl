{{/* Where run logs lie, and who can reach that. */}}

{{/* The URL for --log-store. */}}
{{- define "contactsync.logStore" -}}
{{- $store := .Values.logs.store }}
{{- if eq $store.type "S3" }}
{{- printf "s3://%s" (printf "%s/%s" $store.s3.bucket $store.s3.prefix | trimSuffix "/") }}
{{- else if eq $store.type "GCS" }}
{{- printf "gs://%s" (printf "%s/%s" $store.gcs.bucket $store.gcs.prefix | trimSuffix "/") }}
{{- else if eq $store.type "Azure" }}
{{- printf "az://%s" (printf "%s/%s" $store.azure.container $store.azure.prefix | trimSuffix "/") }}
{{- else -}}
file:///var/lib/contactsync/runs
{{- end }}
{{- end }}

{{/* Access modes of the claim, as JSON; none for a store that is no claim. */}}
{{- define "contactsync.storeModes" -}}
{{- $store := .Values.logs.store }}
{{- if eq $store.type "PersistentVolumeClaim" }}
{{- toJson $store.persistentVolumeClaim.accessModes }}
{{- else if eq $store.type "ExistingClaim" }}
{{- toJson $store.existingClaim.accessModes }}
{{- else -}}
[]
{{- end }}
{{- end }}

{{/* "node": only pods of one node see the store; "pod": only one pod does; "all": every pod does. */}}
{{- define "contactsync.storeReach" -}}
{{- $modes := include "contactsync.storeModes" . | fromJsonArray }}
{{- if eq .Values.logs.store.type "EmptyDir" -}}
pod
{{- else if or (empty $modes) (has "ReadWriteMany" $modes) -}}
all
{{- else if has "ReadWriteOnce" $modes -}}
node
{{- else -}}
pod
{{- end }}
{{- end }}

{{- define "contactsync.claimName" -}}
{{- if eq .Values.logs.store.type "ExistingClaim" }}
{{- .Values.logs.store.existingClaim.name }}
{{- else }}
{{- printf "%s-runs" (include "contactsync.fullname" .) }}
{{- end }}
{{- end }}

{{/* The store's part of the environment. */}}
{{- define "contactsync.storeEnv" -}}
{{- $store := .Values.logs.store }}
{{- if eq $store.type "S3" }}
{{- with $store.s3.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with $store.s3.endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- if $store.s3.allowHTTP }}
- name: AWS_ALLOW_HTTP
  value: "true"
{{- end }}
{{- end }}
{{- if eq $store.type "Azure" }}
{{- with $store.azure.account }}
- name: AZURE_STORAGE_ACCOUNT_NAME
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
