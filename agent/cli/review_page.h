// Private to review_html.cpp: what the page looks like and does.
#pragma once

namespace muster::page {

inline constexpr char kStyle[] = R"(
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6576;--line:#d9dee7;--back:#f6f7f9;--card:#fff;--accent:#1f5fbf;--bad:#b3261e;
--badback:#fdecea;--warn:#8a5300;--warnback:#fff3dc;--good:#1b6b3a;--goodback:#e6f4ea;--grayback:#eceff3}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ef;--soft:#9aa5b6;--line:#2f3846;--back:#12161d;--card:#1a2029;--accent:#8ab4f8;
--bad:#ff9d94;--badback:#3f1d1b;--warn:#ffcf7d;--warnback:#3a2b10;--good:#86d7a2;--goodback:#16331f;--grayback:#29313d}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main,footer{max-width:1500px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:28px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:20px;margin:40px 0 10px}
h3{font-size:16px;margin:0}
p{margin:6px 0}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.soft,small{color:var(--soft)}
small{font-size:12.5px;display:block;overflow-wrap:anywhere}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--card);padding:8px}
.note{border-left:4px solid var(--warn);background:var(--warnback);padding:8px 14px;border-radius:4px;margin:12px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:12px;list-style:none;padding:0;margin:18px 0}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tiles b{display:block;font-size:26px;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles a{color:inherit;text-decoration:none;display:block}.tiles a:hover span{text-decoration:underline}
.tiles .bad b{color:var(--bad)}.tiles .warn b{color:var(--warn)}
section,details{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:14px 0;padding:14px 18px}
section.group{content-visibility:auto;contain-intrinsic-size:auto 320px}
summary{cursor:pointer;font-weight:600}summary .count,h3 .count{color:var(--soft);font-weight:400}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin-top:8px;font-size:14px}
caption{text-align:left;color:var(--soft);padding-bottom:6px}
th,td{text-align:left;vertical-align:top;padding:7px 12px 7px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
thead th{border-top:0;color:var(--soft);font-size:12.5px;font-weight:600;white-space:nowrap}
tbody th{font-weight:600}tbody th small,tbody th .soft{font-weight:400}
table{table-layout:fixed;min-width:820px}
.found th:nth-child(1){width:30%}.found th:nth-child(2){width:24%}.found th:nth-child(4){width:130px}
.rows th:nth-child(1){width:29%}.rows th:nth-child(3),.rows th:nth-child(5){width:130px}.rows th:nth-child(4){width:13%}
.rows th:nth-child(6){width:95px}
thead button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
thead button::after{content:" \2195";opacity:.5}
th[aria-sort=ascending] button::after{content:" \2191";opacity:1}th[aria-sort=descending] button::after{content:" \2193";opacity:1}
td.time{white-space:nowrap;font-variant-numeric:tabular-nums}
.tag{display:inline-block;border-radius:99px;padding:0 9px;font-size:12.5px;font-weight:600;background:var(--grayback);white-space:nowrap}
.tag.good{background:var(--goodback);color:var(--good)}.tag.bad{background:var(--badback);color:var(--bad)}
.tag.warn{background:var(--warnback);color:var(--warn)}
.search{position:sticky;top:0;z-index:1;background:var(--back);padding:10px 0;display:flex;gap:18px;align-items:center;flex-wrap:wrap}
.search[hidden]{display:none}
.search input[type=search]{font:inherit;flex:1 1 320px;max-width:560px;padding:9px 14px;border:1px solid var(--line);border-radius:8px;
background:var(--card);color:inherit}
footer{color:var(--soft);padding-top:20px;padding-bottom:40px;font-size:13px}
@media print{table{min-width:0}body{background:#fff;color:#000;font-size:10px}header,main,footer{max-width:none;padding:0}.search,.skip{display:none}
section,details{border:0;padding:0;break-inside:auto}section.group{content-visibility:visible}thead{display:table-header-group}
tr{break-inside:avoid}h2,h3{break-after:avoid}thead button::after{content:""}.tiles{grid-template-columns:repeat(5,1fr)}
table{font-size:9px}small{font-size:8px}}
)";

/// Only what one can do without: search and sort. Nothing that the tables say depends on it.
inline constexpr char kScript[] = R"(
(function(){
"use strict";
var form=document.getElementById("search"),box=document.getElementById("q"),only=document.getElementById("only"),
said=document.getElementById("said"),groups=Array.prototype.slice.call(document.querySelectorAll("section.group")),timer=0;
function text(row){if(row.musterText===undefined)row.musterText=row.textContent.toLowerCase();return row.musterText}
function filter(){
var words=box.value.toLowerCase().split(/\s+/).filter(Boolean),shown=0;
groups.forEach(function(g){
var head=g.querySelector("h3").textContent.toLowerCase(),any=0;
Array.prototype.forEach.call(g.querySelectorAll("tbody tr"),function(r){
var fits=(!only.checked||r.hasAttribute("data-finding"))&&words.every(function(w){return head.indexOf(w)>=0||text(r).indexOf(w)>=0});
r.hidden=!fits;if(fits){any++}});
shown+=any;g.hidden=(words.length>0||only.checked)&&any===0});
said.textContent=words.length||only.checked?shown+" memberships fit":""}
function later(){clearTimeout(timer);timer=setTimeout(filter,150)}
function key(row,i){var c=row.cells[i];return(c.getAttribute("data-sort")||c.textContent).toLowerCase()}
function sort(th,i){
var table=th.closest("table"),body=table.tBodies[0],up=th.getAttribute("aria-sort")!=="ascending";
Array.prototype.forEach.call(th.parentNode.cells,function(c){c.removeAttribute("aria-sort")});
th.setAttribute("aria-sort",up?"ascending":"descending");
var rows=Array.prototype.slice.call(body.rows).map(function(r){return[key(r,i),r]});
var compare=Intl.Collator(undefined,{numeric:true}).compare;
rows.sort(function(a,b){return compare(a[0],b[0])*(up?1:-1)});
rows.forEach(function(r){body.appendChild(r[1])})}
document.addEventListener("click",function(e){
var th=e.target.closest&&e.target.closest("thead th");
if(th&&e.target.tagName==="BUTTON"){sort(th,th.cellIndex)}});
Array.prototype.forEach.call(document.querySelectorAll("thead th"),function(th){
var b=document.createElement("button");b.type="button";b.textContent=th.textContent;th.textContent="";th.appendChild(b)});
if(form){form.hidden=false;box.addEventListener("input",later);only.addEventListener("change",filter);
form.addEventListener("submit",function(e){e.preventDefault();filter()})}
window.addEventListener("beforeprint",function(){
Array.prototype.forEach.call(document.querySelectorAll("details"),function(d){d.open=true})});
})();
)";

}  // namespace muster::page
