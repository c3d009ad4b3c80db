-- Argo CD's health of ContactSyncConnection and KDeskWorkspace, by kstatus's rules, which kubectl and Flux follow too. It goes
-- into argocd-cm, as resource.customizations.health.kdesk.seraphex.net_ContactSyncConnection and ..._KDeskWorkspace.
local health = {status = "Progressing", message = "the controller has not looked at it yet"}
local status = obj.status or {}
-- What is said of an older generation is not of this one.
if status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local ready, stalled, reconciling = conditions.Ready, conditions.Stalled, conditions.Reconciling
if ready ~= nil then
  health.message = ready.message
end
if reconciling ~= nil and reconciling.status == "True" then
  return health
end
if stalled ~= nil and stalled.status == "True" then
  -- The spec must change; nothing is tried again by itself.
  return {status = "Degraded", message = stalled.message}
end
-- A Draft that is planned and a workspace that is switched off are as they should be: Ready is True then.
if ready ~= nil and ready.status == "True" then
  health.status = "Healthy"
end
return health
