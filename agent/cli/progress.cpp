#include "agent/cli/progress.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "agent/cli/text.h"
#include "schema/calendar.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
constexpr auto kRedraw = 100ms;
constexpr auto kLine = 5s;
constexpr std::size_t kBarWidth = 24;

/// "12,400": digits in groups of three.
std::string grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

std::string bar(double part) {
  const auto full = static_cast<std::size_t>(std::lround(part * static_cast<double>(kBarWidth)));
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "]";
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, const Terminal& terminal, Style style, std::function<Clock::time_point()> clock)
    : out_(out), terminal_(terminal), style_(style), clock_(std::move(clock)) {}

ProgressBar::~ProgressBar() { hide(); }

std::string ProgressBar::text(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_ - first_) / seconds : 0;
  std::string line = printable(what_);
  if (total_ > 0) {
    const double part = std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    if (terminal_.is_terminal) line += "  " + bar(part);
    line += "  " + std::to_string(static_cast<int>(part * 100)) + " %";
  }
  line += "  " + grouped(done_) + (total_ > 0 ? " of " + grouped(total_) : "");
  if (rate < 1) return line;
  line += "  " + grouped(static_cast<std::size_t>(rate)) + "/s";
  if (total_ <= done_) return line;
  const double left = static_cast<double>(total_ - done_) / rate;
  return line + "  " + human_duration(std::chrono::seconds(std::llround(std::max(1.0, left)))) + " left";
}

void ProgressBar::draw(const std::string& line) {
  if (!terminal_.is_terminal) {
    out_ << line << '\n' << std::flush;
    return;
  }
  // The last column stays free: writing there makes some terminals start a new line.
  const std::string shown = terminal_.columns > 1 ? truncated(line, terminal_.columns - 1) : line;
  out_ << '\r' << style_.paint(Tone::quiet, shown) << "\x1b[K" << std::flush;
  drawn_ = true;
}

void ProgressBar::update(const std::string& what, std::size_t done, std::size_t total) {
  const auto now = clock_();
  const bool new_work = what != what_ || done < done_;
  if (new_work) {
    what_ = what;
    started_ = now;
    first_ = done;
    if (!terminal_.is_terminal) shown_ = now;
  }
  done_ = done;
  total_ = total;
  if (terminal_.is_terminal ? !new_work && now - shown_ < kRedraw : now - shown_ < kLine) return;
  shown_ = now;
  draw(text(now));
}

void ProgressBar::hide() {
  if (!drawn_) return;
  out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace muster
