import type { Backend } from './backend.ts'
import type { VolumeType } from './model.ts'

/** The template a volume of this type is to use: the type's extra spec, else the configured default. */
export const templateOf = (backend: Backend, type: VolumeType | null | undefined): string | undefined =>
  type?.extra_specs.storpool_template ?? backend.defaults.template

/** What decides where an empty volume's data lives: a template, or a number of copies. Never both. */
export const placementOf = (
  backend: Backend,
  type: VolumeType | null | undefined,
): { template: string } | { replication: number } => {
  const template = templateOf(backend, type)
  return template === undefined ? { replication: backend.defaults.replication } : { template }
}
