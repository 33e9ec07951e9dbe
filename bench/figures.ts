import { jobRows } from './jobs/figures.ts'
import type { Results } from './report.ts'
import { storageRows } from './storage/figures.ts'

export interface Quoted extends Results {
  readonly quick: boolean
  readonly machine: { readonly cores: number; readonly load: readonly number[] }
}

const s = (ms: number | undefined) => `${((ms ?? Number.NaN) / 1000).toFixed(2)} s`

const rowsOf = ({
  readyMs,
  memoryMb,
  operations,
  growth,
  throughput,
  bundles,
  agent,
  jobs,
  storage,
}: Quoted) => {
  const create = operations['create-volume']?.keptAlive
  const sizes = Object.entries(growth.create?.p50 ?? {}).map(([size, ms]) => ({ size: Number(size), ms }))
  const reads = Object.entries(throughput.read ?? {})
  const bundle = bundles['create-volume']
  const { memory, calls, copies } = agent
  const call = (kind: keyof typeof calls.ms) => calls.ms[kind]?.p50 ?? 'not measured'
  const copy = (name: string) => {
    const { agentSeconds, plainSeconds, ofPlain } = copies[name] ?? {}
    return `${agentSeconds} s / ${Math.min(...Object.values(plainSeconds ?? {}))} s (${ofPlain})`
  }
  const amount = (name: string) =>
    `${((copies[name]?.dataMb ?? 0) / 1000).toFixed(2)} GB of data in ${((copies[name]?.virtualMb ?? 0) / 1000).toFixed(2)} GB`
  return [
    ['ready, `node` alone / through `npm start`', `${s(readyMs.node)} / ${s(readyMs.npmStart)}`],
    ['memory when ready / highest after a walk', `${memoryMb.ready} MB / ${memoryMb.highest} MB`],
    [
      "`create_volume`: the driver's function / the handler / bare `node:http` / bare axios",
      `${create?.driver.p50} / ${create?.handler.p50} / ${create?.http?.p50} / ${create?.axios?.p50} ms`,
    ],
    [
      `\`create_volume\` with ${sizes.map(({ size }) => size.toLocaleString('en')).join(' / ')} volumes on the cluster`,
      `${sizes.map(({ ms }) => ms).join(' / ')} ms`,
    ],
    [
      '`initialize_connection`: two calls, and four requests to the table',
      `${operations['initialize-connection']?.keptAlive.driver.p50} ms`,
    ],
    [
      `requests per second through the gateway, ${reads.map(([clients]) => clients).join(' / ')} clients: reads`,
      reads.map(([, { perSecond }]) => Math.round(perSecond)).join(' / '),
    ],
    [
      'bundle of `create_volume`, minified / zipped; processor time to load, against untrimmed',
      `${Math.round(bundle?.kB ?? 0)} KB / ${Math.round(bundle?.zipKB ?? 0)} KB; ${Math.round(bundle?.coldCpuMs ?? 0)} ms, ${bundle?.timesUntrimmedCpu}`,
    ],
    [
      "the agent's memory, idle / at most while it copies; an HTTPS server in Node that does nothing",
      `${Math.round(memory.idle.now)} MB / ${Math.round(memory.worked.highest)} MB; ${Math.round(memory.emptyServer.now)} MB`,
    ],
    [
      'a call of the agent over mutual TLS, kept alive / on a new connection; over SSH',
      `${call('tlsKeptAlive')} / ${call('tlsNewConnection')} ms; ${call('sshKeptAlive')} ms`,
    ],
    [
      `image to volume, ${amount('full')}: the agent, inspection and all / \`qemu-img convert\` alone`,
      copy('full'),
    ],
    [`the same, ${amount('sparse')}`, `${copy('sparse')}; ${copies.sparse?.allocatedMb} MB on the disk`],
    ...jobRows(jobs),
    ...storageRows(storage),
  ]
}

/** What the README quotes, as its table and the sentence before it: nothing that was not measured. */
export const figures = (results: Quoted): string => {
  const { quick, machine } = results
  const command = quick ? '`npm run bench -- --quick`' : '`npm run bench`'
  const load = machine.load[0] ?? Number.NaN
  return [
    `Measured by ${command} on ${machine.cores} cores with a load of ${load} before, medians, from`,
    '[bench/results.json](bench/results.json); compare the columns rather than the times:',
    '',
    '| | |',
    '|---|---|',
    ...rowsOf(results).map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}
