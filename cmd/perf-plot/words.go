package main

import "fmt"

// words is a language: en or zh. Its texts are keyed by the English ones.
type words string

// tr gives the text in the language.
func (w words) tr(text string) string {
	if w == "zh" {
		if t, ok := chinese()[text]; ok {
			return t
		}
	}
	return text
}

// trf is tr with values put in.
func (w words) trf(format string, args ...any) string { return fmt.Sprintf(w.tr(format), args...) }

func chinese() map[string]string {
	return map[string]string{
		"Simulated": "模拟数据",
		"Simulated data: the answers came from the built-in simulator. No server was measured.": "模拟数据：回答来自内置模拟器，没有测量任何服务器。",
		"Made by perf-plot. This page holds all of its data and loads nothing.":                 "由 perf-plot 生成。本页包含全部数据，不加载任何外部内容。",
		"Load test":                    "压力测试",
		"Load test of %d models":       "%d 个模型的压力测试",
		"Load test of %s":              "压力测试：%s",
		"Latency":                      "延迟",
		"Distribution":                 "分布",
		"%s: percentiles":              "%s：百分位",
		"%s: distribution":             "%s：分布",
		"percentile":                   "百分位",
		"share":                        "占比",
		"share of requests":            "请求占比",
		"Time to first token (TTFT)":   "首 token 时间（TTFT）",
		"Time per output token (TPOT)": "每输出 token 时间（TPOT）",
		"Inter-token latency (ITL)":    "token 间隔（ITL）",
		"Latency, end to end":          "端到端延迟",
		"Response time":                "响应时间",
		"From sending the request to the first output.":                                "从发出请求到第一个输出。",
		"Mean time between a request's output tokens after the first.":                 "单个请求首 token 之后输出 token 的平均间隔。",
		"Every single gap between output tokens, of all requests.":                     "所有请求中输出 token 之间的每一个间隔。",
		"From sending the request to the end of its response.":                         "从发出请求到响应结束。",
		"From when the request was due to the end of its response: queueing is in it.": "从请求应发出的时刻到响应结束，包含排队时间。",
		"%s: median %s ms, p99 %s ms. ":                                                "%s：中位数 %s 毫秒，p99 %s 毫秒。",
		"From %s to %s ms; median %s ms.":                                              "从 %s 到 %s 毫秒；中位数 %s 毫秒。",
	}
}
