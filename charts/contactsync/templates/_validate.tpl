{{/* What the schema cannot see: values that do not go together. Each message says what to set. */}}
{{- define "contactsync.validate" -}}
{{- $v := .Values }}
{{- $store := $v.logs.store }}
{{- $pods := mul (int $v.replicas) (int $v.shards) | int }}
{{- $reach := include "contactsync.storeReach" . }}
{{- $fullname := include "contactsync.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $fullname) }}
{{- fail (printf "objects would be called %s-…, and no Service may: it must begin with a letter and have no dot. Set fullnameOverride" $fullname) }}
{{- end }}
{{- $own := list "helm.sh/chart" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/part-of" "app.kubernetes.io/managed-by" "app.kubernetes.io/component" "kdesk.seraphex.net/shard" "kdesk.seraphex.net/serves" }}
{{- range $field, $labels := dict "commonLabels" (default dict $v.commonLabels) "podLabels" (default dict $v.podLabels) "jobs.podLabels" (default dict $v.jobs.podLabels) }}
{{- range $label := keys $labels | sortAlpha }}
{{- if has $label $own }}
{{- fail (printf "%s: %s is set by the chart: leave it out" $field $label) }}
{{- end }}
{{- if and (ne $field "commonLabels") (hasKey (default dict $v.commonLabels) $label) }}
{{- fail (printf "%s: %s is in commonLabels already, which pods have too: leave it out of one" $field $label) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and (gt $pods 1) (ne $reach "all") }}
{{- fail (printf "replicas=%d and shards=%d make %d pods, and logs.store.type=%s holds one: the hold counts removals from the run logs, so all pods must see the same. Set logs.store.type to S3, GCS or Azure, or accessModes of the claim to [ReadWriteMany]; or set replicas=1 and shards=1" (int $v.replicas) (int $v.shards) $pods $store.type) }}
{{- end }}
{{- if and $v.jobs.enabled (eq $reach "pod") }}
{{- fail (printf "jobs.enabled: the pods of Jobs must see the run logs, and logs.store.type=%s shows them to one pod only. Set logs.store.type to S3, GCS or Azure, or to a claim with accessModes [ReadWriteMany] or [ReadWriteOnce]" $store.type) }}
{{- end }}
{{- if and (eq $store.type "ExistingClaim") (not $store.existingClaim.name) }}
{{- fail "logs.store.existingClaim.name: name the claim, or set logs.store.type=PersistentVolumeClaim" }}
{{- end }}
{{- if and (eq $store.type "S3") (not $store.s3.bucket) }}
{{- fail "logs.store.s3.bucket: name the bucket" }}
{{- end }}
{{- if and (eq $store.type "GCS") (not $store.gcs.bucket) }}
{{- fail "logs.store.gcs.bucket: name the bucket" }}
{{- end }}
{{- if and (eq $store.type "Azure") (not (and $store.azure.container $store.azure.account)) }}
{{- fail "logs.store.azure: set container and account" }}
{{- end }}
{{- if not (kindIs "invalid" $v.terminationGracePeriodSeconds) }}
{{- if le (int $v.terminationGracePeriodSeconds) (int $v.shutdownGraceSeconds) }}
{{- fail (printf "terminationGracePeriodSeconds=%d: it must be more than shutdownGraceSeconds=%d, or runs are killed before they could end" (int $v.terminationGracePeriodSeconds) (int $v.shutdownGraceSeconds)) }}
{{- end }}
{{- end }}
{{- $account := include "contactsync.serviceAccountName" . }}
{{- if has $account $v.workloadIdentity.serviceAccountNames }}
{{- fail (printf "workloadIdentity.serviceAccountNames: %s is the controller's own service account, and its tokens are for nobody else: make one for each connection's namespace under another name" $account) }}
{{- end }}
{{- if and $v.extraCA.configMap $v.extraCA.secret }}
{{- fail "extraCA: set configMap or secret, not both" }}
{{- end }}
{{- if and $v.files.existingClaim $v.files.configMaps }}
{{- fail "files: set existingClaim or configMaps, not both: one would hide the other" }}
{{- end }}
{{- if and $v.metrics.serviceMonitor.enabled $v.metrics.podMonitor.enabled }}
{{- fail "metrics: enable serviceMonitor or podMonitor, not both: everything would be counted twice" }}
{{- end }}
{{- if and $v.kdesk.workspace.create (not $v.kdesk.enabled) }}
{{- fail "kdesk.workspace.create points a KDeskWorkspace at the bundled workspace: set kdesk.enabled=true too" }}
{{- end }}
{{- if and $v.kdesk.workspace.create (not $v.endpoints.allowPlainHTTP) }}
{{- fail "kdesk.workspace.create: the bundled workspace speaks plain http, and the controller refuses that: set endpoints.allowPlainHTTP=true too" }}
{{- end }}
{{- if and $v.kdesk.workspace.create $v.watchNamespaces (not (has .Release.Namespace $v.watchNamespaces)) }}
{{- fail (printf "kdesk.workspace.create makes a KDeskWorkspace in namespace %s, which the controller does not watch: add it to watchNamespaces" .Release.Namespace) }}
{{- end }}
{{- $host := printf "%s-kdesk.%s.svc" (include "contactsync.fullname" .) .Release.Namespace }}
{{- if and $v.kdesk.workspace.create $v.endpoints.allowedHosts (not (has $host $v.endpoints.allowedHosts)) (not (has "*.svc" $v.endpoints.allowedHosts)) (not (has (printf "*.%s.svc" .Release.Namespace) $v.endpoints.allowedHosts)) }}
{{- fail (printf "kdesk.workspace.create: endpoints.allowedHosts does not name the bundled workspace: add %s" $host) }}
{{- end }}
{{- end }}
