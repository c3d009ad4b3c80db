{{/* The arguments of the controller. Call with (dict "root" $ "shard" 0). */}}
{{- define "contactsync.args" -}}
{{- $v := .root.Values }}
- controller
- --cluster-name={{ $v.clusterName }}
{{- range $v.watchNamespaces }}
- --watch-namespace={{ . }}
{{- end }}
- --concurrent-runs={{ int $v.concurrentRuns }}
- --shutdown-grace={{ int $v.shutdownGraceSeconds }}s
- --release-after={{ $v.releaseAfter }}
- --deletion-patience={{ $v.deletionPatience }}
- --workspace-check={{ $v.workspaceCheck }}
- --lease-name={{ include "contactsync.fullname" .root }}
- --lease-duration={{ $v.leaderElection.leaseDuration }}
- --log-store={{ include "contactsync.logStore" .root }}
- --keep-runs={{ int $v.logs.retention.runs }}
- --keep-days={{ int $v.logs.retention.days }}
- --log-address=0.0.0.0:8082
- --file-root=/var/lib/contactsync/files
- --http-address=0.0.0.0:8080
- --log-level={{ $v.logging.level }}
- --log-format={{ $v.logging.format }}
{{- with $v.tracing.otlpEndpoint }}
- --otlp-endpoint={{ . }}
{{- end }}
{{- if gt (int $v.shards) 1 }}
- --shards={{ int $v.shards }}
- --shard={{ .shard }}
{{- end }}
{{- if $v.jobs.enabled }}
- --job-template=/etc/contactsync/job/job.yaml
{{- if not (kindIs "invalid" $v.jobs.above) }}
- --job-above={{ int64 $v.jobs.above }}
{{- end }}
- --concurrent-jobs={{ int $v.jobs.concurrent }}
- --job-start-patience={{ $v.jobs.startPatience }}
{{- end }}
{{- if $v.endpoints.allowPlainHTTP }}
- --allow-plain-http
{{- end }}
{{- if $v.endpoints.allowLoopback }}
- --allow-loopback
{{- end }}
{{- range $v.endpoints.allowedHosts }}
- --allowed-host={{ . }}
{{- end }}
{{- with $v.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}
