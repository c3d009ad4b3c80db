{{/* The Job of a big run. The controller gives it a name, labels, and the arguments of its run. */}}
{{- define "contactsync.job" -}}
{{- $v := .Values }}
apiVersion: batch/v1
kind: Job
metadata:
  namespace: {{ .Release.Namespace | quote }}
  labels:
    {{- include "contactsync.labels" . | nindent 4 }}
    app.kubernetes.io/component: run
spec:
  # A run that failed is the controller's to try again: with a delay, and only while it leads.
  backoffLimit: 0
  podReplacementPolicy: Failed
  ttlSecondsAfterFinished: {{ int $v.jobs.ttlSecondsAfterFinished }}
  activeDeadlineSeconds: {{ int $v.jobs.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "contactsync.labels" . | nindent 8 }}
        app.kubernetes.io/component: run
        {{- with mustMergeOverwrite (deepCopy (default dict $v.podLabels)) (default dict $v.jobs.podLabels) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $v.jobs.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ include "contactsync.serviceAccountName" . }}
      automountServiceAccountToken: true
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ add (int $v.shutdownGraceSeconds) 15 }}
      {{- with $v.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with default $v.priorityClassName $v.jobs.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with default $v.nodeSelector $v.jobs.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with default $v.tolerations $v.jobs.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if eq (include "contactsync.storeReach" .) "node" }}
      # The claim of the run logs is on the controller's node.
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  {{- include "contactsync.selector" (dict "root" . "component" "controller") | nindent 18 }}
      {{- end }}
      securityContext:
        {{- toYaml $v.podSecurityContext | nindent 8 }}
      containers:
        - name: contactsync
          image: {{ include "contactsync.image" . }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          env:
            {{- include "contactsync.env" . | nindent 12 }}
          {{- with include "contactsync.envFrom" . | trim }}
          envFrom:
            {{- . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml $v.jobs.resources | nindent 12 }}
          securityContext:
            {{- toYaml $v.securityContext | nindent 12 }}
          volumeMounts:
            {{- include "contactsync.volumeMounts" . | nindent 12 }}
      volumes:
        {{- include "contactsync.volumes" . | nindent 8 }}
{{- end }}
