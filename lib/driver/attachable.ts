/** A volume, or a snapshot, which can be attached for reading only. */
export interface Attachable {
  readonly name: string
  readonly globalId: string
  readonly kind?: 'volume' | 'snapshot' | undefined
}

/** How a reassignment names it. */
export const named = ({ globalId, kind }: Pick<Attachable, 'globalId' | 'kind'>, ref = `~${globalId}`) =>
  kind === 'snapshot' ? { snapshot: ref } : { volume: ref }
