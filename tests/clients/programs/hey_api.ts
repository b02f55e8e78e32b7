// A user's life with the client of @hey-api/openapi-ts: its operations are functions.

import { createClient } from "./generated/hey_api/client";
import type { Auth } from "./generated/hey_api/core/auth.gen";
import {
  changeMyProfile,
  confirmEmail,
  listMails,
  listMySessions,
  readMyAccount,
  refreshSession,
  requestEmailVerification,
  signIn,
  signOut,
  signUp,
} from "./generated/hey_api/sdk.gen";

const EMAIL = "hey@example.com";
const PASSWORD = "violet kettle hums softly";

// The service takes a token in a header or in a cookie, and refuses one that comes in both.
function bearer(token: string) {
  return (auth: Auth) => (auth.scheme === "bearer" ? token : undefined);
}

function ensure(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

async function main(baseUrl: string): Promise<void> {
  const client = createClient({ baseUrl });
  const made = await signUp({ client, body: { email: EMAIL, password: PASSWORD } });
  ensure(made.data?.data.status === "unverified", "signed up");
  const again = await requestEmailVerification({ client, body: { email: EMAIL } });
  ensure(again.data && again.data.data === null, "asked for the mail again");
  const mailbox = await listMails({ client, headers: { Accept: "application/json" } });
  ensure(mailbox.data && typeof mailbox.data !== "string", "the mailbox");
  const token = mailbox.data.data.find((mail) => mail.to === EMAIL)?.token;
  ensure(token, "a mail with a secret");
  const verified = await confirmEmail({ client, body: { token } });
  ensure(verified.data && !verified.data.data.password_reset_required, "verified");

  // No transport: it has a default, and may be left out.
  const grant = await signIn({ client, body: { email: EMAIL, password: PASSWORD } });
  ensure(grant.data, "signed in");
  const { access_token, refresh_token } = grant.data.data;
  ensure(access_token && refresh_token, "both tokens");

  const caller = createClient({ baseUrl, auth: bearer(access_token) });
  const shown = await readMyAccount({ client: caller });
  const etag = shown.response?.headers.get("etag");
  ensure(shown.data && etag, "the caller, with an ETag");
  const change = { client: caller, headers: { "If-Match": etag }, body: { display_name: "Ada" } };
  const changed = await changeMyProfile(change);
  ensure(changed.data?.data.display_name === "Ada", "the name was changed");
  const late = await changeMyProfile(change);
  ensure(late.error?.error.code === "PRECONDITION_FAILED", "a stale ETag is refused");

  const fresh = await refreshSession({ client, body: { refresh_token } });
  ensure(fresh.data?.data.refresh_outcome === "rotated", "refreshed");
  const renewed = fresh.data.data.access_token;
  ensure(renewed, "another token");
  const latest = createClient({ baseUrl, auth: bearer(renewed) });
  const sessions = await listMySessions({ client: latest, query: { limit: 10, count: true } });
  ensure(sessions.data?.meta.count === 1 && sessions.data.data[0]?.current, "one session");
  const out = await signOut({ client: latest });
  ensure(out.response?.status === 204, "signed out");
  const refused = await readMyAccount({ client: latest });
  ensure(refused.error?.error.code === "SESSION_ENDED", "signed out for good");
}

main(process.argv[2]!).catch((reason: unknown) => {
  console.error(reason);
  process.exitCode = 1;
});
