// The code a browser came back with, exchanged once for what happened (duo-api §4.1: token).
#include <memory>

#include "core/crypto/hash.h"
#include "core/record/stored_event.h"
#include "flow/application_visit.h"
#include "flow/run_again.h"
#include "flow/stored_attempt.h"
#include "flow/stored_visit.h"
#include "flow/visit.h"

namespace countersign::flow {
namespace {

// Of something that its client chose and that is no secret: no key is asked.
Bytes token_digest(const Application& app, const ClientToken& token) {
  return crypto::hash(crypto::HashKind::sha256, bytes_of(app.id.text() + "/" + token.jti));
}

Error spent() { return {Errc::refused, "jti: this assertion was used before"}; }

// A unique index says that it was spent: final, not a reason to read again.
Result<void> spend(store::Txn& txn, const Application& app, ByteView digest, Instant expires) {
  const Result<void> inserted = store::spend_token(txn, app.tenant, digest, expires);
  if (!inserted && inserted.error().code == Errc::conflict) return spent();
  return inserted;
}

struct Plan {
  Application app;
  Bytes token;
  Instant token_expires{};
  store::StoredVisit row;
  Redeemed out;
};

Result<Plan> make_plan(const Ports& ports, const CodeRequest& request) {
  const Error unknown{Errc::refused, "code: unknown, or of another application"};
  Plan plan;
  plan.app = request.app;
  plan.token = token_digest(request.app, request.client_token);
  plan.token_expires = request.client_token.expires;
  const Result<VisitId> id = visit_of_code(ports, request.code);
  if (!id) return id.error().code == Errc::refused ? unknown : id.error();
  const auto row = TRY(store::read(ports.store, [&](store::Txn& txn) { return store::visit_by_id(txn, *id); }));
  if (!row || row->tenant != request.app.tenant || row->app != request.app.id) return unknown;
  const signin::Visit visit = TRY(open_visit(ports, *row));
  if (visit.back.uri != request.return_uri) return Error{Errc::refused, "redirect_uri: not the one of the sign-in"};
  plan.out.visit = TRY(signin::redeem(visit, ports.clock.now()));
  plan.row = TRY(seal_visit(ports, plan.out.visit, row->version));
  plan.out.event.tenant = visit.tenant;
  plan.out.event.id = visit.event_id;
  TRY(record::decode(visit.event, plan.out.event));
  return plan;
}

}  // namespace

void spend_client_token(const Ports& ports, const Application& app, ClientToken token, Done<bool> done) {
  ports.store.write([app, digest = token_digest(app, token),
                     expires = token.expires](store::Txn& txn) { return spend(txn, app, digest, expires); },
                    [done = std::move(done)](Result<void> written) {
                      if (!written) return done(std::move(written).error());
                      done(true);
                    });
}

void redeem_code(const Ports& ports, CodeRequest request, Done<Redeemed> done) {
  auto asked = std::make_shared<CodeRequest>(std::move(request));  // lives through the rounds and the commit
  run_again<Redeemed>(
      [&ports, asked](Done<Redeemed> finish) {
        Result<Plan> made = make_plan(ports, *asked);
        if (!made) return finish(std::move(made).error());
        auto plan = std::make_shared<Plan>(*std::move(made));  // lives until the commit is durable
        ports.store.write(
            [&ports, plan](store::Txn& txn) -> Result<void> {
              TRY(spend(txn, plan->app, plan->token, plan->token_expires));
              return put_visit(ports, txn, plan->row);
            },
            [plan, finish = std::move(finish)](Result<void> written) {
              if (!written) return finish(std::move(written).error());
              finish(std::move(plan->out));
            });
      },
      std::move(done));
}

}  // namespace countersign::flow
