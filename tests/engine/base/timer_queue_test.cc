#include "engine/base/timer_queue.h"

#include <deque>
#include <queue>
#include <vector>

#include "engine/base/random.h"
#include "tests/catch.h"

namespace squall::timer_queue_test {
namespace {

struct Key {
  Time at;
  uint64_t sequence;
  bool operator<(const Key& other) const {  // std::priority_queue puts the largest first
    return at != other.at ? at > other.at : sequence > other.sequence;
  }
};

TEST_CASE("the queue pops in the order of std::priority_queue", "[base]") {
  TimerQueue queue;
  std::priority_queue<Key> oracle;
  std::deque<TimerQueue::Item> items;
  for (uint64_t i = 0; i < 20'000; ++i) {
    const uint64_t draw = DrawBits(1, Stream("queue"), i);
    if (draw % 3 != 0 || oracle.empty()) {
      const Time at(Duration(static_cast<int64_t>(draw >> 8) % 500));  // many ties
      queue.Push(at, i, &items.emplace_back());
      oracle.push(Key{at, i});
      continue;
    }
    const TimerQueue::Item* item = queue.Pop();
    REQUIRE(item != nullptr);
    REQUIRE(item->at == oracle.top().at);
    REQUIRE(item->sequence == oracle.top().sequence);
    oracle.pop();
  }
  CHECK(queue.size() == oracle.size());
}

TEST_CASE("a removed item is gone and the others keep their order", "[base]") {
  TimerQueue queue;
  std::deque<TimerQueue::Item> items;
  std::vector<bool> removed;
  for (uint64_t i = 0; i < 2'000; ++i) {
    const auto draw = static_cast<int64_t>(DrawBits(2, Stream("queue"), i) % 1'000);
    queue.Push(Time(Duration(draw)), i, &items.emplace_back());
    removed.push_back(false);
  }
  for (size_t i = 0; i < items.size(); ++i) {
    if (DrawBits(3, Stream("remove"), i) % 2 == 0) continue;
    queue.Remove(&items[i]);
    removed[i] = true;
  }
  Key last{kStart - 1ns, 0};
  while (const TimerQueue::Item* item = queue.Pop()) {
    const Key key{item->at, item->sequence};
    REQUIRE(key < last);  // by Key's order, which is the reverse of time's
    CHECK_FALSE(removed[item->sequence]);
    removed[item->sequence] = true;
    last = key;
  }
  for (const bool gone : removed) CHECK(gone);
}

TEST_CASE("an empty queue has nothing to pop", "[base]") {
  TimerQueue queue;
  CHECK(queue.Peek() == nullptr);
  CHECK(queue.Pop() == nullptr);
}

}  // namespace
}  // namespace squall::timer_queue_test
