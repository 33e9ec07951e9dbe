// All set-up, on a machine that has Node 20 or newer and nothing else: `npm run setup`.
// This file is kept to what an old Node understands, so that it can say it is old.
const [major] = process.versions.node.split('.')

if (Number(major) < 20) {
  console.error(
    `Node ${process.versions.node} is too old for the set-up: install Node 20 or newer, then run again: npm run setup`,
  )
  process.exitCode = 1
} else {
  void import('./setup/main.mjs').then(({ setUp }) => {
    process.exitCode = setUp()
  })
}
