-- Health of every kind of azid.dev for Argo CD, by kstatus' rules and in their order (docs/conditions.md):
-- resource.customizations.health.azid.dev_<Kind> in the ConfigMap argocd-cm. Lua 5.1, as Argo CD runs it.
local function condition(status, kind)
  for _, each in ipairs(status.conditions or {}) do
    if each.type == kind then
      return each
    end
  end
end

local function health(status, message)
  return { status = status, message = message or "" }
end

local status = obj.status or {}
local ready = condition(status, "Ready") or {}

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", ready.message)
end
-- A suspended object with an edit pending keeps its old observedGeneration: it is suspended, not on its way.
if obj.spec ~= nil and obj.spec.suspend == true then
  local suspended = condition(status, "Suspended") or {}
  return health("Suspended", suspended.message or "spec.suspend is true")
end
-- A status of an earlier spec, or none: a green from before the edit must not count.
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waiting for azid to see this generation")
end
local stalled = condition(status, "Stalled")
if stalled ~= nil and stalled.status == "True" then
  return health("Degraded", stalled.message)
end
local reconciling = condition(status, "Reconciling")
if reconciling ~= nil and reconciling.status == "True" then
  -- What waits for another object does nothing until that is there: no time of its own goes by.
  if reconciling.reason == "DependencyNotReady" then
    return health("Suspended", ready.message)
  end
  return health("Progressing", ready.message)
end
if ready.status == "True" then
  return health("Healthy", ready.message)
end
return health("Progressing", ready.message)
