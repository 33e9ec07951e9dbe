import type { Ending, Input, Model, Thing } from './model.ts'

/**
 * What an operation does to a model, and how it ends. `model` is a draft: it counts only where the ending is `ok`.
 *
 * @param answer what the driver said, for the one thing a model cannot know by itself: global ids and generations
 */
export type Rule = (model: Model, input: Input, answer: any) => Ending | readonly Ending[]

export const specsOf = (input: Input): Record<string, string> => input.volume_type?.extra_specs ?? {}

const limit = (text: string): number | '-' => (text === '-' ? '-' : Number(text))

export const givenLimits = ({ iops, bw }: Record<string, string> = {}) => ({
  ...(iops === undefined ? {} : { iops: limit(iops) }),
  ...(bw === undefined ? {} : { bw: limit(bw) }),
})

export const tagsOf = (id: string, from: string | undefined, { project_id }: Input, qc?: string) => ({
  'cl-id': id,
  ...(from === undefined ? {} : { 'cl-from': from }),
  ...(project_id === undefined ? {} : { 'cl-project': project_id }),
  ...(qc === undefined ? {} : { qc }),
})

export const isOwned = ({ tags }: Thing) => tags['cl-id'] !== undefined

export const isOf = ({ tags }: Thing, id: string, from: string | undefined) =>
  tags['cl-id'] === id && tags['cl-from'] === from
