import { parseArgs } from 'node:util'
import { CannotStart } from './cannot-start.ts'

// Each command imports what it needs when it is asked for: sshd starts `rpc` anew for every call.
const usage = `The host agent: waits for StorPool devices on this host and copies images into them.

  npm run agent -- --config FILE          run it
  npm run agent -- check --config FILE    say what is wrong on this host, and how to mend it
  npm run agent -- certs --out DIR        make a private authority, a server pair and client pairs
  npm run agent -- rpc --socket FILE --roles attach[,data,backup,read] [--name NAME]
                                          what sshd runs: a request on standard input, its answer on standard output

  --config FILE   its configuration, JSON; see docs/agent.md
  --out DIR       where certificates are written; nothing there is written over
  --host NAME     certs: the host of the server pair, this one by default
  --san NAME      certs: another name or address of it; may be repeated
  --ca DIR        certs: sign with the authority there; a server pair with --host, else client pairs
  --days N        certs: how long the pairs are good, 90
  --help          this text`

const fail = (line: string): never => {
  console.error(line)
  process.exit(1)
}

const parsed = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        out: { type: 'string' },
        host: { type: 'string' },
        san: { type: 'string', multiple: true },
        ca: { type: 'string' },
        days: { type: 'string' },
        socket: { type: 'string' },
        roles: { type: 'string' },
        name: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

const { values, positionals } = parsed()
const [command = 'run', ...rest] = positionals
const needed = (option: 'config' | 'out' | 'socket' | 'roles', what: string): string =>
  values[option] ?? fail(`${what} is needed: --${option}\n\n${usage}`)

const run = async () => {
  const file = needed('config', 'A configuration')
  const [{ readConfig }, { startAgent }, { giveBackWhenIdle }, { logger }] = await Promise.all([
    import('./config.ts'),
    import('./server.ts'),
    import('./give-back.ts'),
    import('../lib/log.ts'),
  ])
  const agent = await startAgent(await readConfig(file), logger())
  for (const line of agent.missing) console.error(line)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void agent.close().then(() => process.exit(0)))
  }
  giveBackWhenIdle(agent.isBusy)
  console.log(`ready ${agent.url}`)
}

const check = async () => {
  const { checkHost, report } = await import('./check.ts')
  const findings = await checkHost(needed('config', 'A configuration'))
  console.log(report(findings))
  process.exitCode = findings.some(({ remedy }) => remedy !== undefined) ? 1 : 0
}

const certs = async () => {
  const out = needed('out', 'A folder')
  const days = Number(values.days ?? 90)
  if (!Number.isInteger(days) || days < 1 || days > 3650) fail('--days is a number from 1 to 3650')
  const [{ writeCerts }, { hostname }] = await Promise.all([import('./certs.ts'), import('node:os')])
  const { ca, san = [] } = values
  const host = values.host ?? (ca === undefined ? hostname() : undefined)
  const clients = ca === undefined || host === undefined
  for (const file of await writeCerts({ out, ca, host, san, clients, days })) console.log(file)
  if (ca === undefined) console.log('Keep ca.key off the hosts: whoever has it can be any client.')
}

const rpc = async () => {
  const socket = needed('socket', 'The socket of the agent')
  const roles = needed('roles', 'What the caller may ask for').split(',')
  const { runRpc } = await import('./rpc.ts')
  // Not process.exitCode: what is left unread on standard input would keep the process.
  process.exit(await runRpc({ socket, roles, name: values.name ?? `ssh:${roles.join('+')}` }))
}

const commands: Readonly<Record<string, () => Promise<void>>> = { run, check, certs, rpc }

const main = async () => {
  const asked = Object.hasOwn(commands, command) && rest.length === 0 ? commands[command] : undefined
  if (values.help) console.log(usage)
  else if (asked === undefined) fail(`There is no command ${positionals.join(' ')}\n\n${usage}`)
  else await asked()
}

// No await out here: as CommonJS, which has none, the bundle loads Node's own modules when they are needed.
main().catch((error: unknown) => {
  if (error instanceof CannotStart) fail(error.message)
  throw error
})
