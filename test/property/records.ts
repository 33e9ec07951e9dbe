import { heldOf, type Input, type Model, volumeIn } from './model.ts'

/** Nobody has this one. */
const NOWHERE = 'sim.a.none'

/** An input as a caller would send it: for `known` what its records hold, or nothing where they hold nothing. */
export const inputFor = (model: Model, input: Input): Input => {
  const filled = fill(model, input)
  if (input.generation === undefined) return filled
  const volume = volumeIn(model, filled.volume)
  const { generation = 1 } = (volume && heldOf(model, volume).get(input.attachmentId)) ?? {}
  return { ...filled, generation: input.generation === 'stale' ? generation + 1 : generation }
}

const fill = (model: Model, value: any): any => {
  if (Array.isArray(value)) return value.map((member) => fill(model, member))
  if (typeof value !== 'object' || value === null) return value
  const { locations } = model
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (name === 'provider_location') return locations.has(value.id) ? [[name, locations.get(value.id)]] : []
    if (name === 'source-id') return [[name, locations.get(value[name]) ?? NOWHERE]]
    if (name !== 'volume' || member !== 'known') return [[name, fill(model, member)]]
    return [[name, fill(model, { id: value.volume_id, provider_location: member })]]
  })
  return Object.fromEntries(members)
}
