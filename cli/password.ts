import { text } from 'node:stream/consumers'
import { hashPassword } from '../lib/auth/password.ts'

const usage = `What stands for a password in AUTH_USERS.

  npm run --silent password < FILE     the password is the file's first line
  npm run --silent password            type it, Enter, then Ctrl-D; it is shown while it is typed`

if (process.argv.length > 2) {
  console.log(usage)
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}
const [password = ''] = (await text(process.stdin)).split(/\r?\n/)
if (password === '') {
  console.error(`There is no password.\n\n${usage}`)
  process.exit(2)
}
console.log(await hashPassword(password))
