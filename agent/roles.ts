import * as z from 'zod'

/**
 * What a caller may ask for: `attach` to wait for devices and let them go, `data` to move bytes, `backup` to move them to
 * and from repositories of backups, `read` to look.
 */
export const Role = z.enum(['attach', 'data', 'backup', 'read'])
export type Role = z.infer<typeof Role>

/** Who asks, for the log, and what he may. Any role may read. */
export interface Caller {
  readonly name: string
  readonly roles: readonly Role[]
}

/** The names in the client certificates that `certs` makes. */
export const clientNames = {
  attach: 'attach.cinderless',
  data: 'data.cinderless',
  backup: 'backup.cinderless',
  read: 'read.cinderless',
} as const satisfies Record<Role, string>

/** What those names may: whoever moves bytes, backups too, attaches first. */
export const defaultClients: Record<string, Role[]> = {
  [clientNames.attach]: ['attach'],
  [clientNames.data]: ['attach', 'data'],
  [clientNames.backup]: ['attach', 'backup'],
  [clientNames.read]: ['read'],
}
