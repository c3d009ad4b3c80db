{{/*
What the controller may do in the namespaces that it watches. deploy/rbac.yaml holds the same, but for the tokens of service
accounts, whose names it cannot know; a test compares them.
*/}}
{{- define "contactsync.rules" -}}
- apiGroups: [kdesk.seraphex.net]
  resources: [contactsyncconnections, kdeskworkspaces]
  # patch: finalizers. The spec is never written.
  verbs: [get, list, watch, patch]
- apiGroups: [kdesk.seraphex.net]
  resources: [contactsyncconnections/status, kdeskworkspaces/status]
  verbs: [patch]
- apiGroups: [kdesk.seraphex.net]
  resources: [contactsyncconnections/finalizers, kdeskworkspaces/finalizers]
  verbs: [update]
- apiGroups: [kdesk.seraphex.net]
  resources: [contactsynclogrequests]
  # Looked up by name when a run log is read; listed to delete those that expired.
  verbs: [get, list, delete]
# Read at each run, by name; never listed or watched.
- apiGroups: [""]
  resources: [secrets, configmaps]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- with .Values.workloadIdentity.serviceAccountNames }}
# Tokens of these and of no other: by them the controller signs in to directories that trust this cluster.
- apiGroups: [""]
  resources: [serviceaccounts/token]
  resourceNames: {{ toJson . }}
  verbs: [create]
{{- end }}
{{- end }}
