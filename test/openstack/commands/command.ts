import type { Said } from '../clients.ts'

/** Something on the cluster, as the simulator's state has it. */
export interface OnCluster {
  readonly name: string
  readonly size: number
  readonly template: string
  readonly parent: string
}

/** What a command's effect is seen by: Block Storage's records by their names, and what is on the cluster for them. */
export interface Look {
  readonly said: Said
  /** What `{name}` stands for in the lines of commands: `project`, `way`, what effects keep for later ones; else the id of a volume or a snapshot. */
  readonly words: Record<string, string>
  /** Of Block Storage, at the newest microversion, as an administrator of the project. */
  get(path: string): Promise<any>
  volume(name: string): Promise<any>
  snapshot(name: string): Promise<any>
  type(name: string): Promise<any>
  /** By a name that a volume or a snapshot has or had. */
  onCluster(name: string): Promise<OnCluster | undefined>
  attachmentsOf(name: string): Promise<readonly { client: number; rights: string }[]>
  /** The simulator's log: which of StorPool's calls named this volume. */
  callsFor(name: string): Promise<readonly string[]>
}

export interface Command {
  /** As somebody types it. */
  readonly line: string
  readonly effect: (look: Look) => Promise<void> | void
  /** It takes an administrator. */
  readonly admin?: boolean
  /** The least microversion that has it, 3.N: said where the client would use an older one. */
  readonly since?: number
  /** It has to fail, in words like these. */
  readonly refused?: RegExp
}

type Effect = Command['effect']

/** Makers of rows: `line('openstack volume list', effect)`. */
export const line = (text: string, effect: Effect, more: Omit<Command, 'line' | 'effect'> = {}): Command => ({
  line: text,
  effect,
  ...more,
})
export const admins = (text: string, effect: Effect, more: Omit<Command, 'line' | 'effect'> = {}): Command =>
  line(text, effect, { admin: true, ...more })

/** What `openstack … -f json` has said. */
export const json = ({ said }: Look): any => JSON.parse(said.out)

/** The rows of a table that a client has drawn, by the names of its columns. */
export const table = ({ said }: Look): Record<string, string>[] => {
  const rows = said.out
    .split('\n')
    .filter((text) => text.startsWith('|'))
    .map((text) =>
      text
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [heads = [], ...cells] = rows
  return cells.map((row) => Object.fromEntries(heads.map((head, nth) => [head, row[nth] ?? ''])))
}

/** A table of properties and values as one object. */
export const properties = (look: Look): Record<string, string> =>
  Object.fromEntries(table(look).map((row) => Object.values(row) as [string, string]))
