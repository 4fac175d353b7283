#include "cluster/base/error.h"
#include "cluster/base/keyed_random.h"
#include "views/page/escape.h"
#include "views/page/html.h"

namespace temper {
namespace {

// Colours: arms blue, orange, teal, purple, brown, grey-blue (told apart by colour-blind readers together with the markers); severities
// a ramp from sand to dark red; modes one hue family each. Text on light and dark grounds keeps a contrast of at least 4.5.
constexpr const char* kStyle = R"css(
:root{color-scheme:light dark;--bg:#fff;--panel:#f6f7f9;--ink:#1a2230;--soft:#5a6577;--rule:#dde2e9;--grid:#e8ebf0;--accent:#1f5fd0;
--a0:#1f5fd0;--a1:#c4560a;--a2:#0b7a6f;--a3:#8a3ab9;--a4:#7a5a12;--a5:#4b5b73;--start:#7b8697;
--v1:#e7c65b;--v2:#e59b3c;--v3:#c44d24;--v4:#8f1d2c;--m0:#2f7d4f;--m1:#2f74b3;--m2:#7461c0;--m3:#9aa3af;--m4:#c9ced6;
--ol:#fff;--od:#1a2230;--o4:#1a2230;--mark:#ffe9a8;--bad:#a3182b;--good:#1c6e43;--t0:#1f5fd0;--t1:#c4560a;--t2:#0b7a6f;--t3:#8a3ab9;--t4:#9aa3af;--t5:#c9ced6}
@media (prefers-color-scheme:dark){:root{--bg:#12161d;--panel:#1a202a;--ink:#e4e8ee;--soft:#9aa6b8;--rule:#2d3644;--grid:#252d39;--accent:#7fb0ff;
--a0:#6ea4ff;--a1:#ff9d57;--a2:#3fc7b6;--a3:#c98cf0;--a4:#d2b05e;--a5:#a3b4cc;--start:#8996a8;
--v1:#e3c567;--v2:#e09a45;--v3:#dd6a43;--v4:#e0525f;--m0:#3f9e68;--m1:#4f97d8;--m2:#9d8ce0;--m3:#7d8796;--m4:#4a5361;
--ol:#0d1117;--od:#0d1117;--o4:#e4e8ee;--mark:#5c4a14;--bad:#ff8d95;--good:#6fd19c;--t0:#6ea4ff;--t1:#ff9d57;--t2:#3fc7b6;--t3:#c98cf0;--t4:#7d8796;--t5:#4a5361}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1160px;margin:0 auto;padding:28px 24px 56px}
h1{font-size:25px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:18px;margin:40px 0 8px;padding-top:14px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:22px 0 6px}h4{font-size:13.5px;margin:18px 0 4px}
p{margin:6px 0}.sub,.note,caption,figcaption{color:var(--soft)}.note,figcaption{font-size:13px;max-width:88ch}
nav{margin:10px 0 0;font-size:13px;display:flex;flex-wrap:wrap;gap:2px 14px}a{color:var(--accent)}
ul{margin:6px 0;padding-left:20px}li{margin:4px 0;max-width:100ch}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(215px,1fr));gap:12px;margin:18px 0 6px}
.card{background:var(--panel);border:1px solid var(--rule);border-radius:8px;padding:11px 14px}
.card b{display:block;font-size:13px;font-weight:600;color:var(--soft)}
.card .v{font-size:23px;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}.card .d{font-size:13px;color:var(--soft);font-variant-numeric:tabular-nums}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;margin:6px 0 8px}.legend span{display:inline-flex;align-items:center;gap:6px}
.swatch{width:12px;height:12px;border-radius:2px;display:inline-block}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:18px 26px;align-items:start}
figure{margin:0}
svg.chart{width:100%;height:auto;display:block;overflow:visible}svg.key{width:14px;height:14px;flex:none}
svg text{font-family:inherit;fill:var(--ink)}.title{font-size:12.5px;font-weight:600}.label{font-size:11.5px}svg .tick{font-size:10.5px;fill:var(--soft)}
svg .on{font-size:10px;fill:var(--ol)}svg .on.v1,svg .on.v2,svg .on.m3{fill:var(--od)}svg .on.m4{fill:var(--o4)}svg .none{font-size:10.5px;fill:var(--soft);font-style:italic}
.grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.s0{--c:var(--a0)}.s1{--c:var(--a1)}.s2{--c:var(--a2)}.s3{--c:var(--a3)}.s4{--c:var(--a4)}.s5{--c:var(--a5)}.start{--c:var(--start)}
.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.raw{fill:none;stroke:var(--c);stroke-width:1;opacity:.3}
.band{fill:var(--c);opacity:.16}.dot{fill:var(--c)}.hollow{fill:var(--bg);stroke:var(--c);stroke-width:1.6}.ci{stroke:var(--c);stroke-width:2;stroke-linecap:round}
.run{fill:var(--c);opacity:.45}.tail{fill:none;stroke:var(--c);stroke-width:1.2;stroke-dasharray:3 3;opacity:.8}
.v1{--c:var(--v1)}.v2{--c:var(--v2)}.v3{--c:var(--v3)}.v4{--c:var(--v4)}.m0{--c:var(--m0)}.m1{--c:var(--m1)}.m2{--c:var(--m2)}.m3{--c:var(--m3)}.m4{--c:var(--m4)}
.t0{--c:var(--t0)}.t1{--c:var(--t1)}.t2{--c:var(--t2)}.t3{--c:var(--t3)}.t4{--c:var(--t4)}.t5{--c:var(--t5)}
.part{fill:var(--c);stroke:var(--bg);stroke-width:1}.swatch{background:var(--c)}
.layer,.solid{fill:var(--c)}.ground{fill:var(--panel)}svg.wide{min-width:1000px}.healthy{fill:var(--good);opacity:.1}.wrap td:nth-child(2){white-space:normal;min-width:16em}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;font-size:12px;font-variant-numeric:tabular-nums;min-width:60%}
caption{text-align:left;font-size:13px;padding:0 0 4px;max-width:min(88ch,calc(100vw - 28px))}
.whole td code,.words td code{white-space:nowrap}.words td:last-child{white-space:normal;min-width:24ch}
th,td{text-align:right;padding:3px 6px;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child,.two th:nth-child(2),.two td:nth-child(2),.words th,.words td{text-align:left}thead th{font-weight:600;color:var(--soft);border-bottom:1.5px solid var(--rule)}
tbody tr:hover{background:var(--panel)}td i{color:var(--soft);font-style:normal}.settled{font-weight:650}
main:has(.index){max-width:1700px}.index{min-width:100%}.index td:first-child{position:sticky;left:0;background:var(--bg)}@media print{.scroll{overflow:visible}.index{font-size:8px}.index th button::after{content:""!important}}
.index td,.index th{vertical-align:top;text-align:left}.index .n{text-align:right}.index th button{all:unset;cursor:pointer}.index th button:focus-visible{outline:2.5px solid var(--accent);outline-offset:2px}
.index th button::after{content:" \2195";color:var(--soft)}.index th[aria-sort=ascending] button::after{content:" \2191"}.index th[aria-sort=descending] button::after{content:" \2193"}
.index tbody th{background:var(--panel);font-size:13px;color:var(--ink);padding-top:8px}.index .links a{margin-right:9px}.index td{padding:3px 5px}.index td:nth-child(4),.index td:nth-child(8),.index .links{white-space:normal;min-width:11ch}.index .why{white-space:normal;max-width:26ch;color:var(--soft)}
.index thead th{white-space:normal}.index td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:13ch;max-width:24ch}
@media (max-width:1599px){main:has(.index){padding-left:14px;padding-right:14px}.index{font-size:11px}.index td,.index thead th{padding:3px}.index td:nth-child(6){white-space:normal;min-width:6ch}.index td:nth-child(8),.index .links{min-width:9ch}.index .links a{margin-right:6px}}
details{margin:8px 0}summary{cursor:pointer;font-weight:600;font-size:13.5px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:12px;margin:8px 0 16px}
.talk{border:1px solid var(--rule);border-radius:8px;background:var(--panel);padding:10px 13px;font-size:13.5px;min-width:0;break-inside:avoid}
.talk header{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;font-size:12.5px;margin-bottom:6px}
.talk q,.talk blockquote{quotes:none;margin:0;display:block;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;max-height:22em;overflow:auto}
.ask{color:var(--soft);font-size:13px;margin:14px 0 4px;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;max-height:16em;overflow:auto}
.chip{border:1px solid var(--rule);border-radius:99px;padding:0 8px;background:var(--bg)}.chip.bad{color:var(--bad);border-color:currentColor}.chip.good{color:var(--good);border-color:currentColor}
mark{background:var(--mark);color:inherit;border-radius:3px;padding:0 2px}
.grades{font-size:12.5px;color:var(--soft);margin-top:7px;overflow-wrap:anywhere}
.limits{background:var(--panel);border-left:4px solid var(--a1);padding:10px 18px;border-radius:4px}
.limits h2{border:0;margin:0 0 4px;padding:0}
code{font:12.5px ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}td code{white-space:normal}
.filters{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:end;margin:10px 0}.filters label{display:flex;flex-direction:column;font-size:12.5px;color:var(--soft);gap:2px}
.filters label{min-width:0;max-width:100%}.filters select{max-width:min(100%,18em)}.filters label[hidden]{display:none}.filters .wide{flex:1 1 14em}select,input,button{font:inherit;font-size:13.5px;color:var(--ink);background:var(--bg);border:1px solid var(--start);border-radius:6px;padding:4px 8px;max-width:100%}
button{cursor:pointer;background:var(--panel)}button:disabled{cursor:default;color:var(--soft);border-color:var(--rule)}
:focus-visible{outline:2.5px solid var(--accent);outline-offset:2px}
#matches{font-weight:600;font-size:13.5px}.split{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,7fr);gap:14px;align-items:start}
#hits{list-style:none;margin:0;padding:0;height:30em;overflow:auto;border:1px solid var(--rule);border-radius:8px;font-size:12.5px}
#hits li{margin:0;max-width:none;padding:6px 10px;border-bottom:1px solid var(--rule);cursor:pointer;overflow-wrap:anywhere}#hits li[aria-selected=true]{background:var(--panel);box-shadow:inset 4px 0 var(--accent)}
.start-of{display:block;color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}.steps{display:flex;gap:10px;align-items:center;justify-content:space-between;margin:8px 0;font-size:12.5px}#answer .steps{margin-top:0}
#answer .ask{margin-top:4px}#answer li{font-size:12.5px;overflow-wrap:anywhere}#answer li button{font-size:12.5px;padding:1px 7px}
@media (max-width:760px){.split{grid-template-columns:minmax(0,1fr)}#hits{height:14em}main{padding:18px 14px 40px}}
@media print{.browser{display:none}svg.wide{min-width:0}:root{--bg:#fff;--panel:#fff}body{font-size:11px}main{max-width:none;padding:0}nav{display:none}
h2,h3{break-after:avoid}figure,.talk,.card,tr{break-inside:avoid}details::details-content{content-visibility:visible;block-size:auto}
.talk q,.ask{max-height:none}.charts{grid-template-columns:repeat(3,1fr)}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
)css";

}  // namespace

std::string HtmlPage(const std::string& title, const std::string& body, const std::string& script) {
  // The script is let in by a number that depends on all of the page: text within the page cannot know it.
  std::string policy = "default-src 'none'; style-src 'unsafe-inline'", element;
  if (!script.empty()) {
    const std::string nonce = Concat("n", KeyOf(body + script));
    policy += Concat("; script-src 'nonce-", nonce, "'");
    element = Concat("<script nonce=\"", nonce, "\">", script, "</script>\n");
  }
  return Concat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"",
      policy, "\">\n<title>", EscapeHtml(title), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<main>\n", body, "</main>\n",
      element, "</body>\n</html>\n");
}

}  // namespace temper
