import { parseArgs } from 'node:util'
import { cancel } from './cancel.ts'
import { frontAt } from './front.ts'
import { list } from './list.ts'
import { printer } from './print.ts'
import { dead, redrive } from './redrive.ts'
import { show } from './show.ts'
import { reasonOf, Stop } from './stop.ts'
import { watch } from './watch.ts'

const usage = `Long jobs: what runs, how far it is, and what went wrong.

  npm run jobs -- list [--status S] [--project P] [--limit N] [--after ID]
                                    the newest jobs; S is queued, running, succeeded, failed or cancelled
  npm run jobs -- show ID           one job: its steps, what it was asked for, why it failed
  npm run jobs -- watch ID          how far it is, until it ends; Ctrl-C leaves the job alone
  npm run jobs -- cancel ID         end it, and wait until what it did is undone
  npm run jobs -- dead              what the queue gave up, and why
  npm run jobs -- redrive           put that back on the queue; with --dry-run, the same as dead

  --url URL       the API; CINDERLESS_URL, or http://127.0.0.1:8776
  --token TOKEN   where the API checks callers by tokens; CINDERLESS_TOKEN, which others on the machine do not see
  --region NAME   of a deployed API, whose requests are signed with your AWS credentials; else as its address says
  --json          JSON instead of text; for watch, a line for each change
  --help          this text

It ends with 0, with 1 where the job failed or the API refused, with 2 where it was called wrongly.`

const fail = (line: string, code: number): never => {
  console.error(line)
  process.exit(code)
}

const argumentsOf = () => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        region: { type: 'string' },
        token: { type: 'string' },
        json: { type: 'boolean', default: false },
        status: { type: 'string' },
        project: { type: 'string' },
        limit: { type: 'string' },
        after: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return fail(`${reasonOf(error)}\n\n${usage}`, 2)
  }
}

const { values, positionals } = argumentsOf()
const [command = '', id = '', ...rest] = positionals
if (values.help) {
  console.log(usage)
  process.exit(0)
}

/** Each command, and whether it is about one job. It answers what the program ends with. */
const commands = {
  list: { needsId: false, run: list },
  show: { needsId: true, run: show },
  watch: { needsId: true, run: watch },
  cancel: { needsId: true, run: cancel },
  dead: { needsId: false, run: dead },
  redrive: { needsId: false, run: values['dry-run'] ? dead : redrive },
}

const isCommand = (name: string): name is keyof typeof commands => Object.hasOwn(commands, name)
if (!isCommand(command)) {
  fail(command === '' ? usage : `There is no command ${command}.\n\n${usage}`, 2)
} else {
  const { needsId, run } = commands[command]
  if (needsId && id === '') fail(`${command} needs the id of a job: npm run jobs -- ${command} ID`, 2)
  if (rest.length > 0 || (!needsId && id !== '')) fail(`${command}: too many words\n\n${usage}`, 2)
  try {
    const front = frontAt({
      url: values.url ?? process.env.CINDERLESS_URL ?? 'http://127.0.0.1:8776',
      region: values.region,
      token: values.token ?? (process.env.CINDERLESS_TOKEN || undefined),
    })
    process.exitCode = await run({ ...values, id, front, print: printer(values.json) })
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    fail(error.message, error.code)
  }
}
