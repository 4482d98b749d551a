package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Graphs are legible on a light and on a dark page: they have a ground of their own, which follows what the reader prefers.
const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.faint { fill: #59636e }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0 }
.linear { stroke: #59636e; stroke-dasharray: 5 4; fill: none }
.c0 { fill: #0969da; stroke: #0969da } .c1 { fill: #54aeff; stroke: #54aeff } .c2 { fill: #bf8700; stroke: #bf8700 }
.c3 { fill: #1a7f37; stroke: #1a7f37 } .c4 { fill: #8250df; stroke: #8250df } .c5 { fill: #cf222e; stroke: #cf222e }
.c6 { fill: #bf3989; stroke: #bf3989 } .line { fill: none; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .faint { fill: #9198a1 } .ground { fill: #0d1117; stroke: #3d444d } .grid { stroke: #3d444d }
.linear { stroke: #9198a1 }
.c0 { fill: #4493f8; stroke: #4493f8 } .c1 { fill: #a5d6ff; stroke: #a5d6ff } .c2 { fill: #d29922; stroke: #d29922 }
.c3 { fill: #3fb950; stroke: #3fb950 } .c4 { fill: #ab7df8; stroke: #ab7df8 } .c5 { fill: #f85149; stroke: #f85149 }
.c6 { fill: #db61a2; stroke: #db61a2 }
}
</style>
`

// svg is a drawing that is being made.
type svg struct {
	strings.Builder
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// text draws a text; anchor is start, middle or end.
func (s *svg) text(x, y float64, anchor, class, text string) {
	s.add(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, html.EscapeString(text))
}

// done returns the drawing with its frame.
func (s *svg) done(width, height float64, title string) string {
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label=%q>`+"\n",
		width, height, width, height, html.EscapeString(title))
	ground := fmt.Sprintf(`<rect class="ground" x="0.5" y="0.5" width="%.0f" height="%.0f" rx="6"/>`+"\n", width-1, height-1)
	return head + style + ground + s.String() + "</svg>\n"
}

const (
	graphWidth = 860.0
	labelWidth = 310.0
	rowHeight  = 22.0
)

// bars draws the results of a group, one below the other: a bar for each way, as long as its median.
func bars(title string, list []Result) string {
	s := &svg{}
	s.text(16, 28, "start", "title", title)
	y := 40.0
	for _, r := range list {
		most := 0.0
		for _, w := range r.Ways {
			most = max(most, w.Median)
		}
		if len(list) > 1 {
			y += 22
			s.text(16, y, "start", "title", count(r.Size))
		}
		y += 8
		for i, w := range r.Ways {
			s.text(labelWidth, y+15, "end", "", w.Name)
			if w.Error != "" {
				s.text(labelWidth+10, y+15, "start", "faint", "failed")
			} else {
				long := max(2, w.Median/most*(graphWidth-labelWidth-150))
				s.add(`<rect class="c%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/>`, min(i, 6), labelWidth+10, y+3, long, rowHeight-6)
				s.text(labelWidth+18+long, y+15, "start", "", quantity(w.Median, r.Unit)+times(i, w.Ratio))
			}
			y += rowHeight
		}
	}
	return s.done(graphWidth, y+14, title)
}

// count names the size of a result.
func count(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%s instances", thousands(n))
}

// times says how many times the first way's figure another one is.
func times(i int, ratio float64) string {
	if i == 0 || ratio == 0 {
		return ""
	}
	return fmt.Sprintf("  (×%s)", short(ratio))
}

// growth draws a group's medians over its sizes, both as logarithms: what is proportional to the size rises as steeply as
// the dashed lines.
func growth(title, what string, list []Result) string {
	const left, top, high, wide = 70.0, 50.0, 300.0, 440.0
	p := plane{left: left, bottom: top + high, wide: wide, high: high}
	p.fit(list)
	s := &svg{}
	s.text(16, 28, "start", "title", title)
	p.grid(s, list, what)
	names, lines := series(list)
	ends := make([]float64, len(names))
	for i := range names {
		var path []string
		for _, pt := range lines[i] {
			path = append(path, fmt.Sprintf("%.1f,%.1f", p.x(pt[0]), p.y(pt[1])))
			s.add(`<circle class="c%d" cx="%.1f" cy="%.1f" r="3.5"/>`, min(i, 6), p.x(pt[0]), p.y(pt[1]))
		}
		s.add(`<polyline class="line c%d" points="%s" style="fill:none"/>`, min(i, 6), strings.Join(path, " "))
		ends[i] = p.y(lines[i][len(lines[i])-1][1])
	}
	for i, y := range apart(ends, 18) {
		last := lines[i][len(lines[i])-1]
		s.add(`<rect class="c%d" x="%.1f" y="%.1f" width="10" height="10" rx="2"/>`, min(i, 6), left+wide+14, y-5)
		s.text(left+wide+30, y+5, "start", "", names[i]+", "+quantity(last[1], list[0].Unit))
	}
	return s.done(graphWidth, top+high+56, title)
}

// plane maps sizes and figures to places.
type plane struct {
	left, bottom, wide, high float64
	x0, x1, y0, y1           float64 // decimal logarithms
}

func (p *plane) fit(list []Result) {
	p.x0, p.y0, p.x1, p.y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, r := range list {
		p.x0, p.x1 = min(p.x0, math.Log10(float64(r.Size))), max(p.x1, math.Log10(float64(r.Size)))
		for _, w := range r.Ways {
			if w.Median > 0 {
				p.y0, p.y1 = min(p.y0, math.Log10(w.Median)), max(p.y1, math.Log10(w.Median))
			}
		}
	}
	p.y0, p.y1 = math.Floor(p.y0), math.Ceil(p.y1)
	if p.x1 == p.x0 {
		p.x1++
	}
	if p.y1 == p.y0 {
		p.y1++
	}
}

func (p *plane) x(v float64) float64 {
	return p.left + (math.Log10(v)-p.x0)/(p.x1-p.x0)*p.wide
}

func (p *plane) y(v float64) float64 {
	return p.bottom - (math.Log10(v)-p.y0)/(p.y1-p.y0)*p.high
}

// grid draws the scales, and lines for what is proportional to the size.
func (p *plane) grid(s *svg, list []Result, what string) {
	for e := p.y0; e <= p.y1; e++ {
		v := math.Pow(10, e)
		s.add(`<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, p.left, p.y(v), p.left+p.wide, p.y(v))
		s.text(p.left-8, p.y(v)+5, "end", "faint", quantity(v, list[0].Unit))
	}
	for _, r := range list {
		s.text(p.x(float64(r.Size)), p.bottom+20, "middle", "faint", thousands(r.Size))
	}
	s.text(p.left+p.wide/2, p.bottom+42, "middle", "faint", what+"; dashed: proportional to that")
	s.add(`<clipPath id="plane"><rect x="%.1f" y="%.1f" width="%.1f" height="%.1f"/></clipPath>`, p.left, p.bottom-p.high, p.wide, p.high)
	for e := p.y0 - p.x1 + p.x0; e < p.y1; e++ {
		from, to := math.Pow(10, e), math.Pow(10, e+p.x1-p.x0)
		s.add(`<line class="linear" clip-path="url(#plane)" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`,
			p.left, p.y(from), p.left+p.wide, p.y(to))
	}
}

// series returns for each way its figures over the sizes.
func series(list []Result) (names []string, lines [][][2]float64) {
	for _, r := range list {
		for _, w := range r.Ways {
			if w.Median <= 0 {
				continue
			}
			i := slices.Index(names, w.Name)
			if i < 0 {
				i = len(names)
				names, lines = append(names, w.Name), append(lines, nil)
			}
			lines[i] = append(lines[i], [2]float64{float64(r.Size), w.Median})
		}
	}
	return names, lines
}

// apart moves labels until they are a distance apart, in their order.
func apart(places []float64, distance float64) []float64 {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(math.Copysign(1, places[a]-places[b])) })
	out := slices.Clone(places)
	for n := len(order) - 2; n >= 0; n-- { // those below stay
		out[order[n]] = min(out[order[n]], out[order[n+1]]-distance)
	}
	return out
}
