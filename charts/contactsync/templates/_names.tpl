{{/* Names and labels. */}}

{{- define "contactsync.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Cut to 40 characters: names made of it (…-0-of-16, …-job-template) then stay below 63. */}}
{{- define "contactsync.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "contactsync.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Roles that are not in a namespace bear the release's namespace in their names: releases must not share them. */}}
{{- define "contactsync.clusterName" -}}
{{- if eq .Release.Namespace (include "contactsync.fullname" .) }}
{{- include "contactsync.fullname" . }}
{{- else }}
{{- printf "%s-%s" .Release.Namespace (include "contactsync.fullname" .) | trunc 100 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "contactsync.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "contactsync.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: name the service account to use, or set serviceAccount.create=true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "contactsync.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "contactsync.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: contactsync
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What Services and Deployments select pods by. Call with (dict "root" $ "component" "controller"). */}}
{{- define "contactsync.selector" -}}
app.kubernetes.io/name: {{ include "contactsync.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "contactsync.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag }}
{{- if .Values.image.digest }}
{{- printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository $tag }}
{{- end }}
{{- end }}
