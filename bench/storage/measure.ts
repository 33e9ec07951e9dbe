import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { node, root, start } from '../child.ts'
import { memoryOf } from '../memory.ts'
import { rounded } from '../statistics.ts'
import { seed } from './seed.ts'

const run = promisify(execFile)

const Asked = z.object({ perSecond: z.number(), p50: z.number(), p95: z.number() })
type Asked = z.infer<typeof Asked>

export interface StorageSamples {
  /** Before anything was measured. */
  readonly load: readonly number[]
  readonly seconds: number
  /** Volumes in a small and in a large project. */
  readonly projects: readonly [small: number, large: number]
  /** Volumes made before the process is looked at, and made and deleted after that. */
  readonly volumes: number
}

export interface StorageFigures {
  readonly load: readonly number[]
  /** Milliseconds, and calls per second; by what is asked and by how many clients at once. */
  readonly calls: Readonly<Record<string, Asked>>
  /** A page of 1,000 with all details, by the volumes of the project. */
  readonly pages: Readonly<Record<string, Asked>>
  /** How long the page of the large project takes, of that of the small one. */
  readonly largeOfSmall: number
  readonly memoryMb: { readonly made: number; readonly madeAgain: number; readonly volumes: number }
}

/** What `npm start` gives Node. */
const flagsOfStart = async (): Promise<string[]> => {
  const { scripts } = z
    .object({ scripts: z.object({ start: z.string() }) })
    .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  return scripts.start.match(/--\S+/g) ?? []
}

const TABLE = 'cinderless-dev-Table'
const small = 'a'.repeat(32)
const large = 'b'.repeat(32)

/**
 * Block Storage through `npm start`: table, simulator and functions in one process.
 *
 * @param folder for state, empty
 */
export async function measureStorage(folder: string, samples: StorageSamples): Promise<StorageFigures> {
  const flags = await flagsOfStart()
  const system = (name: string) =>
    start(node(...flags, 'local/main.ts', '--port', '0', '--no-images', '--state', join(folder, name)))
  const load = async (url: string, kind: string, clients: number, project = '', volumes = 0) => {
    const args = [url, kind, String(clients), String(samples.seconds), project, String(volumes)]
    const { stdout } = await run(process.execPath, [join(root, 'bench/storage/load.ts'), ...args])
    return Asked.parse(JSON.parse(stdout))
  }

  const calls: Record<string, Asked> = {}
  const pages: Record<string, Asked> = {}
  {
    await using one = await system('calls')
    for (const [kind, clients] of [
      ['create', 1],
      ['create', 8],
      ['attach', 1],
      ['get', 1],
    ] as const) {
      calls[`${kind} ${clients}`] = await load(one.url, kind, clients)
    }
    const [, dynamodb = ''] = /DynamoDB (http:\S+?),/.exec(one.said()) ?? []
    for (const [project, volumes] of [
      [small, samples.projects[0]],
      [large, samples.projects[1]],
    ] as const) {
      await seed(dynamodb, TABLE, project, volumes)
    }
    // In turns, so that what else the machine does falls on both.
    for (const [project, volumes] of [
      [small, samples.projects[0]],
      [large, samples.projects[1]],
    ] as const) {
      pages[String(volumes)] = await load(one.url, 'page', 1, project)
    }
  }

  await using other = await system('memory')
  await load(other.url, 'fill', 8, '', samples.volumes)
  const made = await memoryOf(other.pid)
  await load(other.url, 'turn over', 8, '', samples.volumes)
  const madeAgain = await memoryOf(other.pid)
  const [few, many] = samples.projects
  return {
    load: samples.load,
    calls,
    pages,
    largeOfSmall: rounded((pages[String(many)]?.p50 ?? Number.NaN) / (pages[String(few)]?.p50 ?? Number.NaN)),
    memoryMb: { made: Math.round(made.now), madeAgain: Math.round(madeAgain.now), volumes: samples.volumes },
  }
}
