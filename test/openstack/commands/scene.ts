import type { Clients, Said } from '../clients.ts'
import type { Command, Look, OnCluster } from './command.ts'
import type { Way } from './way.ts'

interface ClusterState {
  readonly volumes: readonly OnCluster[]
  readonly snapshots: readonly OnCluster[]
  readonly attachments: readonly { volume: string; client: number; rights: string }[]
}

const jsonOf = async (url: string, headers: Record<string, string> = {}): Promise<any> => {
  const response = await fetch(url, { headers })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

/** What clients ask for in one way, one command after the other, and what that has done. */
export const startScene = (way: Way, clients: Clients, simulator: string, version: string | undefined) => {
  const words: Record<string, string> = { project: way.project, way: way.project.slice(0, 8) }
  /** Ids by name, also of what is no longer there. */
  const ids = new Map<string, string>()

  const get = async (path: string) =>
    jsonOf(`${way.url}/${way.project}${path}`, {
      'x-auth-token': await way.token(),
      'openstack-api-version': 'volume 3.71',
    })
  const named = async (kind: string, name: string) => {
    const [found] = (await get(`/${kind}/detail?name=${name}`))[kind]
    if (found !== undefined) ids.set(name, found.id)
    return found
  }
  const idOf = async (name: string): Promise<string> => {
    if (!ids.has(name)) await named('volumes', name)
    if (!ids.has(name)) await named('snapshots', name)
    const id = ids.get(name)
    if (id === undefined) throw new Error(`Nothing was ever named ${name}`)
    return id
  }
  const state = (): Promise<ClusterState> => jsonOf(`${simulator}/_sim/state`)

  const lookWith = (said: Said): Look => ({
    said,
    words,
    get,
    volume: (name) => named('volumes', name),
    snapshot: (name) => named('snapshots', name),
    type: async (name) =>
      (await get('/types?is_public=None')).volume_types.find((one: any) => one.name === name),
    async onCluster(name) {
      const id = await idOf(name)
      const { volumes, snapshots } = await state()
      return [...volumes, ...snapshots].find((one) => one.name.endsWith(`-${id}`))
    },
    async attachmentsOf(name) {
      const id = await idOf(name)
      return (await state()).attachments.filter(({ volume }) => volume.endsWith(`-${id}`))
    },
    async callsFor(name) {
      const { id, provider_id: globalId } = await named('volumes', name)
      const log: { call: string }[] = await jsonOf(`${simulator}/_sim/log`)
      const names = new RegExp(`${id}|~${globalId.replaceAll('.', '\\.')}\\b`)
      return log.filter((call) => names.test(JSON.stringify(call))).map(({ call }) => call)
    },
  })

  /** `cinder` asks for the newest by itself. */
  const versionFor = (program: string, { since }: Command) =>
    version ?? (program === 'openstack' && since !== undefined ? `3.${since}` : undefined)

  return {
    async run(command: Command): Promise<Look> {
      const text = command.line.replace(
        /\{(\w+)\}/g,
        (_, word: string) => words[word] ?? ids.get(word) ?? `no-${word}`,
      )
      const [program = '', ...args] = text.split(' ')
      const asked = versionFor(program, command)
      const said = await clients.run(
        program,
        [...way.argsOf(program), ...(asked === undefined ? [] : ['--os-volume-api-version', asked]), ...args],
        way.envOf(command.admin === true),
      )
      return lookWith(said)
    },
  }
}
export type Scene = ReturnType<typeof startScene>
