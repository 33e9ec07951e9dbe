import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type JobSystem, startJobSystem } from '../support/job-system.ts'

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

let system: JobSystem
beforeAll(async () => {
  system = await startJobSystem()
})
afterAll(() => system[Symbol.asyncDispose]())

const soon = { timeout: 20_000, interval: 50 }
const begin = (args: readonly string[]) =>
  spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CINDERLESS_URL: system.url },
  })
const outcomeOf = async (child: ReturnType<typeof begin>) => {
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}
const run = (...args: string[]) => outcomeOf(begin(args))

const atGate = async () => {
  const id = await system.submit()
  await vi.waitFor(() => expect(system.gate.arrived).toContain(id), soon)
  return id
}

test('jobs are listed, of one status and project, and one is shown with its steps', async () => {
  const id = await atGate()
  const [all, none, json, one] = await Promise.all([
    run('list', '--status', 'running', '--project', 'default'),
    run('list', '--project', 'another'),
    run('list', '--json'),
    run('show', id),
  ])

  expect(all.out).toMatch(/^ID +KIND +STATUS.*STEP\n/)
  expect(all.out).toMatch(new RegExp(`^${id}  copy-image-to-volume  running .*gate$`, 'm'))
  expect(none).toMatchObject({ code: 0, out: 'No jobs.\n' })
  expect(JSON.parse(json.out).jobs).toContainEqual(expect.objectContaining({ id, step: 'gate' }))
  expect(one.out).toMatch(/^status +running$/m)
  expect(one.out).toMatch(/^make +20\S+Z +\S+ s$/m)
  await system.letThrough(id)
})

test('a job is watched to its end, and the program ends as the job did', async () => {
  const [good, bad] = [await atGate(), await atGate()]
  const [watching, failing] = [begin(['watch', good]), begin(['watch', bad, '--json'])]
  const [first] = await once(watching.stdout, 'data')
  const ends = Promise.all([outcomeOf(watching), outcomeOf(failing)])
  await system.call(`/jobs/${bad}/cancel`, {})
  await system.letThrough(good)
  const [ended, failed] = await ends

  expect(String(first)).toMatch(/Z {2}gate\n$/)
  expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/\nsucceeded after \S+ s\n$/) })
  expect(failed.code).toBe(1)
  expect(JSON.parse(failed.out.trim().split('\n').at(-1) ?? '')).toMatchObject({ status: 'cancelled' })
})

test('Ctrl-C ends the watching, leaves the job alone, and says so', async () => {
  const id = await atGate()
  const child = begin(['watch', id])
  await once(child.stdout, 'data')
  const outcome = outcomeOf(child)
  child.kill('SIGINT')

  expect(await outcome).toMatchObject({ code: 130, err: expect.stringContaining('The job goes on') })
  expect(await system.job(id)).toMatchObject({ status: 'running', cancelRequested: false })
  await system.letThrough(id)
})

test('in a terminal one line is drawn over and over, and fits', async ({ skip }) => {
  skip(spawnSync('script', ['--version']).error !== undefined, 'there is no script(1)')
  const id = await atGate()
  setTimeout(() => void system.letThrough(id), 1500)
  const command = `stty cols 40; '${process.execPath}' '${program}' watch ${id}`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CINDERLESS_URL: system.url },
  })
  const { code, out } = await outcomeOf(child as ReturnType<typeof begin>)

  const drawn = out.split('\r\u001b[2K').slice(1)
  expect(drawn.length).toBeGreaterThan(1)
  for (const line of drawn) expect((line.split('\r')[0] ?? '').length).toBeLessThan(40)
  expect(out).toMatch(/succeeded after/)
  expect(code).toBe(0)
})

test('a job that runs is cancelled, and one that has ended is not', async () => {
  const [id, ended] = [await atGate(), await atGate()]
  await system.letThrough(ended)
  await vi.waitFor(async () => expect((await system.job(ended)).status).toBe('succeeded'), soon)

  expect(await run('cancel', id)).toMatchObject({ code: 0, out: expect.stringMatching(/^Cancelled, after /) })
  expect((await system.job(id)).status).toBe('cancelled')
  expect(await run('cancel', ended)).toMatchObject({
    code: 1,
    out: 'The job had ended before: succeeded.\n',
  })
})

test('what the queue gave up is shown with why, and put back', async () => {
  await system.send('not JSON')
  await vi.waitFor(() => expect(system.queues.depth('JobsDeadLetters')).toBe(1), soon)

  const shown = await run('redrive', '--dry-run')
  const put = await run('redrive')

  expect(shown.out).toMatch(/^MESSAGE .*REASON\n\S+ .* InvalidInput: the message is not JSON\n$/)
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining('1 message is on the queue again') })
  await vi.waitFor(() => expect(system.queues.depth('JobsDeadLetters')).toBe(1), soon)
})

test('what cannot be done is said in words, with the code for it', async () => {
  const [help, nothing, unknown, noId, option, gone, away, address] = await Promise.all([
    run('--help'),
    run(),
    run('frob'),
    run('watch'),
    run('list', '--frob'),
    run('show', '00000000-0000-4000-8000-000000000000'),
    run('list', '--url', 'http://127.0.0.1:2'),
    run('list', '--url', 'nowhere'),
  ])

  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('npm run jobs -- watch ID') })
  expect([nothing.code, unknown.code, noId.code, option.code, address.code]).toEqual([2, 2, 2, 2, 2])
  expect(noId.err).toBe('watch needs the id of a job: npm run jobs -- watch ID\n')
  expect(gone).toMatchObject({ code: 1, err: expect.stringMatching(/^JobNotFound: no job 0{8}-/) })
  expect(away).toMatchObject({
    code: 1,
    err: expect.stringMatching(/does not answer .*npm start.*--url URL/),
  })
})
