import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { startCluster } from '../support/cluster.ts'
import { operations } from './operations.ts'
import { everything } from './state.ts'

const onceMore = 'a queue would deliver it again'

test.each(Object.entries(operations))(
  '%s, cut off after any call and run again, ends the same',
  async (_, { given, run }) => {
    await using whole = await startCluster()
    await given(whole)
    whole.simulator.reset()
    await run(whole)
    const calls = whole.simulator.calls.length
    expect(calls).toBeGreaterThan(0)

    for (let n = 0; n < calls; n++) {
      await using cut = await startCluster()
      await given(cut)
      cut.simulator.loseAnswer(n)
      await run(cut).catch(() => onceMore)
      await run(cut)
      expect(await everything(cut)).toEqual(await everything(whole))
    }
  },
)

test.each(Object.entries(operations))('%s, run twice, ends as run once', async (_, { given, run }) => {
  await using once = await startCluster()
  await given(once)
  await run(once)
  await using twice = await startCluster()
  await given(twice)
  await run(twice)
  await run(twice)

  expect(await everything(twice)).toEqual(await everything(once))
})

test('every driver function of the service is under these laws', async () => {
  const service: {
    functions: Record<string, { handler: string; events?: { httpApi?: { path: string } }[] }>
  } = parse(await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8'), {
    customTags: ['!GetAtt', '!Ref', '!Sub'].map((tag) => ({ tag, resolve: (value: unknown) => value })),
    logLevel: 'silent',
  })
  const methods = Object.values(service.functions)
    .flatMap(({ events = [] }) => events)
    .flatMap(({ httpApi }) => httpApi?.path.match(/^\/driver\/(.+)$/)?.[1] ?? [])
  const covered = Object.keys(operations).map((name) => name.split(',')[0])

  // copy_image_to_volume queues a job: what it does is under the laws of the job's own tests.
  expect(methods.filter((method) => method !== 'copy_image_to_volume').sort()).toEqual(
    [...new Set(covered)].sort(),
  )
})
