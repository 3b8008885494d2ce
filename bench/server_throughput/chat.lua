-- The request that wrk sends again and again, and one line of result that `run` reads.
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer sk-squall"

local file = assert(io.open(os.getenv("CHAT_REQUEST"), "rb"))
wrk.body = file:read("*a")
file:close()

function done(summary)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d\n", summary.requests, errors.status,
                         errors.connect + errors.read + errors.write + errors.timeout))
end
