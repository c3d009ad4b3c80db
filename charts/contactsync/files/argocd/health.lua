-- Argo CD's health of ContactSyncConnection and KDeskWorkspace, as their conditions say it (kstatus): in argocd-cm,
-- below resource.customizations.health.kdesk.seraphex.net_ContactSyncConnection and ..._KDeskWorkspace.
local health = {status = "Progressing", message = "the controller has not looked at it yet"}
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
local ready = nil
for _, condition in ipairs(status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    -- The spec must change; nothing is tried again by itself.
    return {status = "Degraded", message = condition.message}
  end
  if condition.type == "Ready" then
    ready = condition
  end
end
-- What is said of an older generation is not of this one.
if ready == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end
health.message = ready.message
if ready.status == "True" then
  -- A Draft that is planned and a workspace that is switched off are as they should be: Ready says so.
  health.status = "Healthy"
end
return health
