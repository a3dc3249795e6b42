import Encoding
import Notary

extension NotaryVector {
    static let partyKey = "0x7f2797a1a866312ce20f7811fd24ccdb001786b035b516399c848eabfb9d992e"
    static let hubKey = "0x8f4b958bdeebe2912567acda9a31f8f32468108a29116cf238d2562e8243bae3"

    private static let headers = #"""
        {"x-correlation-id": "456", "ocpi-from-country-code": "DE", "ocpi-from-party-\#
        id": "ABC", "ocpi-to-country-code": "DE", "ocpi-to-party-id": "XYZ"}
        """#

    static let all: [NotaryVector] = [
        NotaryVector(
            "headers only (GET without parameters), js", .js,
            values: #"{"headers":\#(headers)}"#,
            encoding: .brotli,
            text: #"""
                G+YBAOQxWU07X4WFetvnsrQiXOc75Qg4SCxpCzw7wQUProeNseeYEjROTUfQvozaEjqfcP55dcPml1ffn1e7hyPau1FZ9aeTh367+oZ7rUx51n/QxXT8MCYe\#
                3z/wtImszspitU/kV1NgNeVH3/fQK8sedAB3yVGSGJ31TM1zdT40yl4cmxITYg1csGRFRk9aKGhNQuKaWIoxB7iHxXIDHcCda+g0WKvBmVqJqNZmXcJEIQlZ\#
                S9KiqlCw6sUyM3nxoeZmfCi+xkBFrPdOmZCYrRr1IuxZilNbDKOxzvocBKuUKI6NkViCOkeMlUyFe1j2u5Oymi72DdeMqfbNB/xQyuW9RZ9dyq+SnnPy8mLl\#
                2dZs+MPCPSxku+ivZAmdz+9/
                """#),
        NotaryVector(
            "headers only (GET without parameters), js", .js,
            values: #"{"headers":\#(headers)}"#,
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/42Ry24CMQwA/2VViQtIieM4CTf64CfQHhLHKStRFmW3LajqvzdwqnpAPeUyGY/lr64McshTt951D7vFXmKWOi363eK84rFWOcR5GI+rIS/6\#
                bvkHGfk0rEod3xr6fpzrpb1Z7oKnWOfLHds8/svVsF+mftnt47Tv1p06e0NenDOATBk5GbSZAophHZ1XKlmOKoaiWCGVSLYkLyQmC5BzwbZ5dfq4qUxWpliA\#
                Yo1OiYhSymC88mTbFwCS7EoRslBQgJkJBW0KWaONmJylKIBoCpMiZii6ccLIEk2BqFlpaJ3BikoS3TVRi4u2GEOsEunUYqbh9RjnsV5uSVoneEartoVCfMkO\#
                g/HhSfwmeJRHkA2koHkL1y3ksw6zXC/bf/8A5/0/5OcBAAA=
                """#),
        NotaryVector(
            "query parameters, typed and string, jvm", .jvm,
            values: #"{"headers":\#(headers),"params":{"date_from":"2024-01-01T00:00:00Z","offset":0,"limit":25}}"#,
            encoding: .brotli,
            text: #"""
                GzACAOShDZt2agYxyE1rNQLt1dKT/rtODhzOcuBviSWtrHmWQuCYp6yY0CDE27e/YLO+9w2mWzi8PZlhi7eT+9uTX1dDtHfvZZ/H59XcT+7h0jaM9jVf2To+\#
                ro6Jl/++aqOr2ftV1v13o30f1PsgPWYPdHrZ9dHW8SEnhtmme+zR7/PHvJ/cw/0lvJTtBSbAX+hzDKpFOIl2VyhjoaDB5+AyZy+lxmq1xG5JUkzVCfbAwdAx\#
                BxS4hHX7ARPgr9BVupFHFguSqPSWqFFpOXaJrpqyNBTHtSGiUkuOSCL73pMpMqVYc0nJ+YpIWjOZZ0pJubXkzRuzuZJ9VQyCFJkVY47cGItrrlKFS9jm58+y\#
                j/U3TIC/iKrrIaJZykU7h+wlN5WSJWh1WlzN1MzBJaz6c5133WC6vf8P
                """#),
        NotaryVector(
            "integral decimal 1.0, js", .js,
            values: #"{"headers":\#(headers),"body":{"kwh":1.0,"vat":20.00}}"#,
            encoding: .brotli,
            text: #"""
                GwwCAGRRV067vu0DSTJnKy5LSpYs91LKBx7IKUfgbYklbYFnVwgcDw45O1D7AqzrGfpkf9sGwwhvxuMbNr8dfxuPHy6PaHd/6z7N/y+ndvwNLrQy68102df5\#
                3+WYePzxUudmsnpT1/2xkd9n8D6zlLk9Hn8bj//cH+I339X9+Bt8u4BD3Q4wAD5EVEfOdVUnrataEwmqaKFJEIpssceanUiKUYMkx00ROVRfRLvABazbHQyA\#
                D91lCpqD+OSjYK6UHXdnAUPh7FzNqizUUicya6iBEbEyq/TkNWIzl33yrTcfvVnP3iwRofjIHIxy1pIwFHbMKETmuGstkkvFEogELmCbfv2v+7w+wgD4QCT8\#
                yQf80mOpn1vyxeXy0fL7kr19YHvPUki/MFzAavfrtNsGw/jtFQ==
                """#),
        NotaryVector(
            "integral decimal 1.0, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"kwh":1.0,"vat":20.00}}"#,
            encoding: .brotli,
            text: #"""
                GwwCAORhmr7+ZC2EjIz8+jpJCxLqucvxyFhOOQJvSyxpCzy7QuB4cMjZgdoXYF2f0Cb/WzcYRjgez27Y/Hb2MJ693RzR7v7qPs3/b6Z69gDXWpnL03TT1vnf\#
                zZh4/P2mzNVl9UnX/b2R32fwPrO0ub6fPYxnf14P8ZtfdD97gIdrOOh2gAHwDTX2qSdLfXGOscu5FxSKIbm7uJGWLIKKRpkjh85iI82cJBUkMbiGdXuBAfDN\#
                akAvgZ2ZmWtnvVjRlBomlhqFgwWxVtBLyJoLKlbqQzRia6lPlEjcMROLeEsaPBFxyJK6hs5evaHFWAqJWXRB0pwjoVnSzFlDgWvYpl//dZ/XdxgA30Iwqh1j\#
                aymr177LUXJx0SydG7mS5VAawTWs/rpOu28wjA/f
                """#),
        NotaryVector(
            "small decimals, js", .js,
            values: #"{"headers":\#(headers),"body":{"a":1e-7,"b":0.0001,"c":0.000001}}"#,
            encoding: .brotli,
            text: #"""
                GxkCAGRRp9evQYEsmfsNnycjydB2lAUGpJNzPzh+u9ilLQokiyDBwDXwkLWHZGYTCtMv1EN5zgNsGzhuJjds8TC5bSZfqyPau2ceD+3r6pAnt7C0NW16O6xq\#
                376sxsTTv1epzcXsvnE/fifqYwsfW6rS5u/JbTNhEcqf0uQWbpew52EPW1BfxmhDVCTXHCom9FVCVlGzCijZhGiphByC0YzaVzHKcQ4+k9iITBWW0A8fsAX1\#
                ZZX4qIRUqq4WV0jQVOQUI2YTHRcK3hUXxImUaLVnEpMDkVNFOa7GOS42MiqflLaKkhavq4jTNpYYGAOZ6lKt4ouzXBGr9eg4+pwLZhRYwnDYvfLY9t8N1xCF\#
                Lo1V19VFvsreRB3iRQlnMZhyTuWMJGK6JlhCXz77w1gG2Da3/w==
                """#),
        NotaryVector(
            "small decimals, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"a":1e-7,"b":0.0001,"c":0.000001}}"#,
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/42Sy2rDMBBF/8UUsklAT0uTXwlezEuNIY2D7LYxpf9epd15EboS3Dk6cwX66sqoF5m746l7Oe3OiqJ13g2n3f3AU616wWWcrodRdkO33yAT\#
                38ZDqdNbQ9+vS13bKfoUvGFd1ie2ZfqXq2FbE02yPua4DWgbcAuGfXfG+dwdO3PHELGngIhqijG9gaAhWSIl4GRyTozo0TgqwbClPrZRb4l7D4YcN3udP35V\#
                lvvsvQiGZAIUK65dZQ9Rs4JLQDG3DcmwkPeQ1RvT6KjJJygFcohRNUaXPEvyuY+ZRQUYtNWSAhgAW84ui7NBnU3oY/EmtjJkMlhqZebx9YrLVNe/SpachGhK\#
                6QFVUgCfgTVj26bkFB2B5eIer9DPOi76+AzD9w8ZLLXTGgIAAA==
                """#),
        NotaryVector(
            "negative zero, js", .js,
            values: #"{"headers":\#(headers),"body":{"a":-0.0,"b":-0,"c":0,"d":0.0}}"#,
            encoding: .brotli,
            text: #"""
                GyoCAGTRlk67CgGyzPqtuCxXEjnhy0GBdHLuB8dvF7u0RYFkESQYuAYesvaQzGxCYfoL49YfbIPDBC+noxu2eDv6PB39ujiivXvg/XZ+uri1o89wbmtmfb69\#
                GOv8eDEmnv77Qmdzs/vM6/47Ud9n+D5Tldl+H32ejliEAvVPdvQZPp/DDW83cIDwi7UyuxCOJHkQEWkZrXXM5oqj5eRCo6L3URF7SFpbi8xptFg6VTiHdfsB\#
                Bwi/KOTRqWm3QKXwqEOjoaTQDKlhshBEC4aKRWpOwxOFpJZEPWctkr1iC9iKWc1ShMkrBaOm1RKbaY695mGxdy4xooVSS48lG3sMBVHhHLbb6yfe5/V3wzVE\#
                ie9zCR9HJf5gLVPq9M77G+rZ30Z/E4VQP0Y4h9V/rre7b3CYPv8H
                """#),
        NotaryVector(
            "negative zero, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"a":-0.0,"b":-0,"c":0,"d":0.0}}"#,
            encoding: .brotli,
            text: #"""
                GyoCAORI56b9kIq9aKc12J8VDxHEdHLuB8dvF7u0RYFkESQYuAYesvaQzGxCYfoFfZBnnuDYwXm3uGGLp8V1t/jaHdHePbf5oX/dPfDiGra2pqe3h52O/ctu\#
                TDz9e0c9i9l9a+P8najPPXzuqWLP34vrbtFEiJD+xItruN7CfZvu4Qjmy1USlogVa3TZ+1xD9cYSlpAqecfFG/QaREIW67xiDuwoU7ZoTEXYwjh9wBHMV1Bl\#
                DNY167OVaFM0ll2JOfuExScMGkwImEvBkJ0RZKYkLktzRnz1xEhqsopiKC5ZktRMw8QxVWwhqZSQouTq1RbLWKtz0WZXiy/JWIuwhenh9NrmfvxuuGYtOg7R\#
                qKbahHOovlSS0moJgk6aw2pJHWxhlM/xYZYJjt31Pw==
                """#),
        NotaryVector(
            "integers up to 2^53-1, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"a":9007199254740991,"b":-2147483649,"c":4294967296}}"#,
            encoding: .brotli,
            text: #"""
                GxkCAGTRlk67QyTJ/NN6SVuRE74cFEgn535w/HaxS1sUSBZBgoFr4CFrD8nMJhSmv2E8+5tt4TCF4+nshi3ezh6ms183R7R3b7w/zx83z3b2EK5tzayfzzdj\#
                nd9vxsTTf9/obG52P3ndfyfq+wzfZ6oy2++zh+mMRSh/0rOH8HAdnnh7CocAv3JJBACJMoB0bIzgaIk8MWWtWrRmkZghx5yHAxWy6IB5SCwwNFyHdfsRDgF+\#
                IYgWUUqxIPRh5i13HFJjrnHkpNQwY2y9D3TqprFwsY4MfSgbxdwKEjezQtxgjEqecmZKDh6xkinIMBezAb028cSWcZRcqQ4nlHAdtufHD97n9XfDNUQhSxnG\#
                KJ3dauqxdfXGvSUXcibpqIPCdVj95/q8+xYO08N/
                """#),
        NotaryVector(
            "integer beyond 64 bit, js", .js,
            values: #"{"headers":\#(headers),"body":{"a":123456789012345678901234567890}}"#,
            encoding: .brotli,
            text: #"""
                G/cBAGRRp9evQYEkmfMNnycjY8tpYEBOOQJvSyxpCzxL4eB4mMhZgO2Ab/1C2eZD6qGq4bIeZdh8P3quR1+LEO3dwQ/b5rTYptEzzLXSxPN2UbrmuDgTj38v\#
                YpOyrJ59N3wv8kMDHhqeHZr0PXquR370DM9z2Ph+AxXgVzLGsuTi0TttBQkusRhMFHSUOlqZMBWhohIYs5LWMEmhcowmWi8xwxy6/gMqwC8yWWfBxmO0xZRA\#
                sZBiq1EaDiIH4b11ipJFQ2gUK5ZexCwE5yhCKGgSk1CFlBbCajQGS0yFglKJokPPSWqKrqTIwfgsZdKZbNFeFutcoQBz6Lfrkx+a7hsqwC+iwPdS4WPRzj8k\#
                I52w7i7bG2dlvuV8w8FRfGSYQ5c/u+2Qe6jq538=
                """#),
        NotaryVector(
            "double that the jvm cannot verify itself, js", .js,
            values: #"{"headers":\#(headers),"body":{"a":12345678.901234567,"b":0.00012345678901234567}}"#,
            encoding: .brotli,
            text: #"""
                GwgCAOSRLat6XiIGjF/32jT7BgyT+GblxXRyBP7tYpdvp0CyCBIMXAMPWXtIZjahMP2FcesPfYPDBC+noxs2vx19no5+XRzR3j3Ifjs/Xdz2o89wbmtme769\#
                GOv8eDEmHv99YXN3s/os6/47kd9n8D5T1bn/Pvo8HYn4Jz36DJ/P4Ua2GzgA/sISODEXIlRji6w5ByetqcWO3rt5qikMD6piCTUmDIFIuGWUNOAc1u0HHAB/\#
                WahIOVocwpISNS4FcRQnN9XsJhQHJo+5FVTPaG4dkwcWTRyQnQNTMimUZKgO6VKblFatWomZzHLVTJYpjRiHp5FiztxzdatkpHAO2+31k+zz+rvhGpHy+5jw\#
                48hNPvQSW6jtndc3rUZ/y/6GtZF9ZDiH1X+ut7tvcJg+/wc=
                """#),
        NotaryVector(
            "double that the jvm cannot verify itself, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"a":12345678.901234567,"b":0.00012345678901234567}}"#,
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/42RTW4CMQxG7zKqxAakxPk1V0GzsBO7jEQZlJm2oKp3b2DJAnUV6fPziy3/DDrJqS7D/jC8HTZHoSpt2YyHzXVX5tbkROs0n3dT3YzD9gmZ\#
                y2XaaZs/Ovp5Xtutv1Veghdq6+2FbZ3/5erYs4nnervX6TngHozb4UjLcdgP5opUQjRdWMlISuTAS+gZmio2FY3gOHuWoFqcLcllqxnFRGFMqdhub8vXQxWs\#
                MmAGV2LCpGgC9JYAKZTosX8gHlVdhlqsoBOugFWS7UxV353OqqGYyKLlmIFIckyGGaxwZlsN9GLi4NSUYsGB85pzZOOcj2At92GW6f1M69xuj5F6BtUHoxqR\#
                pCaPLmORTJi9MAgBoy0K9y3ku02r3G8//v4BPXZEuAkCAAA=
                """#),
        NotaryVector(
            "unicode and spaced keys, js", .js,
            values: #"{"headers":\#(headers),"body":{"straße":"x","key with space":"y","a.b":"z","a-b":"w","$x":"v"}}"#,
            encoding: .brotli,
            text: #"""
                G1MCAGS/tTdl+1KiJEOZ74rGbClD9/do/0KBlD4nTifnfnD8lgSctAWeRZDgMWANnGPNkHQID+VOn9D6+rvMsOpgp9ufYcvn/ftu/+10iFb3W5d++Hval/17\#
                OMGaIW/60zYNf06fiZe/n+ahVDi60Wl5b7Qvg/gy6DIN5X3/vtufl0n//6uR/ld933rtl/XWvNFM+HqWbHz6qJ23/Xu4P4G1zmtYAb5Zzr6qC9aitOic1Fik\#
                iJFMlT0XZCZKGrAS59Kyb5UcO1taDg5NhROY5hdYAb6JdyzeUioYU4sUGINliay+FsuYW0jELpdWxShlR4GaGONqpGBaZiM+eWyl5RK9L6iK2Ep2PrUiFVsz\#
                4rmFgkYopJgCE1FCFHXN+kgJTmDuf/zVZZjeL1wjSnxtHd42H/WmBBuNxKsqF1FsveR6wSlSvmU4gam+Tv1SZ1h1998=
                """#),
        NotaryVector(
            "escapes inside values, js", .js,
            values: #"""
                {"headers":\#(headers),"body":{"a":"line\nbreak","b":"tab\t","c":"quote\" back\\slash","d":"comma,[bracket]","e":"it's",\#
                "f":"\u0000nul","g":" "}}
                """#,
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/42S22oCQQyG32UpeKOQOc94Zw++hHiRSTJ1wboyu22V0nfv6OUWSq8CX/58JJCvrvRy5LFb77qH3eIgyFLHxX63uKxoqFWOOPXDadXzYt8t\#
                Z5GBzv2q1OGtRd9PU722yvJn8Ix1uv5hm4Z/uVpsbsoDX299nIM8BzQHvxwyB2UOXhvYL7sDjodu3cHFZ0kEVHxQ2QFRDEaZyMpZlgDWFgHJyWYlSrWOBpXR\#
                KvDAESEl0+x1/LirODrrY3FiDLMwJXEYtITgndWYssac2ZlImCiS16iiFy0NaZ8gaE9BnA8AYIQgZGehOGxDITqfs2JjDRqIWjGC00QcrS4qgonG+UIqt2XG\#
                /vWE01Cv95WUyvrZOtgWn/CFg00mpieJmxStPGrZ6JwUbfXtCvms/SS3h9p//wATfxoHXgIAAA==
                """#),
        NotaryVector(
            "array with null and empty members, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"a":[null,"","x",[],{},false]}}"#,
            encoding: .brotli,
            text: #"""
                Gw4CAGRRh16/2q1Als253oyELaeBATnlCLwtsaQt8OwKP7gdHHJ2oPYFWNNf8Ed70R2mGU7nsxs2v599ns9+3RzR7r3Q8bi83Tzq2We41soi7483vi2vN2Pi\#
                8d83sqjJ6jttx+9G/ljAx8IdL/r77PN8Rmef55j/uHyGz9fwQPsDTBB+DQmunrSgi1DpTbGkTo3Uh4ZBwYZ6i5oIQ6CWE7vHVtFEC/ba4Bq2/QdMEH5xxhBG\#
                xUoeSnarzA0RU6psSbGzcmlJh7ukFsqwKJJCp8pO1jrlOCS3mipjYVMqLQ3Ohq45eA9jFKxJvXAYmHJNjmzR0KpwDKyIDNewP96/0bFsv2GC8AuRo+YS3Osg\#
                05ZH6kOs0+jZOBpFHige4Ro2+7k9HrbDNH/+Dw==
                """#),
        NotaryVector(
            "nested arrays, js", .js,
            values: #"{"headers":\#(headers),"body":{"a":[[1,2],[3,[4,{"b":5}]]]}}"#,
            encoding: .brotli,
            text: #"""
                G2QCAGRRl027S2SZJN9W+mVJSVSgNPBAOjkAOLA+aUssaQs8yySwOGDKA+6sgki6v+Hxxd9tCZshbA97N2zxsnc77P06OaLde+f1Zfw8ebG923BsK0b9ejl5\#
                nMePkzHx9N8nOpqbvV88r78b7esIfR1xQkb7vXc77PHe7RBvhyghICAhAQ6G22FP9m7D7XF45uU5bEL8lXtqBJZataaS3PSRwDqDQUHsglXc4dFiktyEHnvs\#
                6uUx9dqqVuRwHOblR90nvFZsxKwFHo2UvRv1EsGxNDUT7c7oBJQrGXNmsFJ6ixEZMauWnig1IS6KWKmxJmmkJStJMVM0LIUUW/dCHEmQKljjYigMLqDhOCwv\#
                T5+8jvPvsAnxF4Ckq1Ljt8fW+dqw9Ez90um8U/GL5OdJOui3FI7D7D/nl9WXsBlu/wM=
                """#),
        NotaryVector(
            "custom module: body is signed as the raw text, js", .js,
            values: #"{"headers":\#(headers),"params":{"kind":"lite"},"body":"{\"key1\":[\"value1\",\"value2\"]}"}"#,
            encoding: .brotli,
            text: #"""
                GwgCAGSZLac9NUvAb6suy2uA0F6NnlRMJwcOJzjpgb8llrQFnqUQOOYxdmQ8MibZfqH28lwm6BawuziYYaung9Xi4OtsiPbumee+vZ715WAFp7ah5bf+rI7t\#
                5axMvP37LLci5uwbj/N3Ynxu9HOjHLMH+NS/Kn9OrXwfrGB1Cg88PUAH+KWVN8ma7KM1UnNypmqOKpaoDYtnpSVmXcmmjLkGHVyO6Nh71kjkPJzCOH1AB/gV\#
                uFqWEDRqQknFhuSUiyqGgqjZsGNHktgGyqJqYW80GuMpGC/GOYeeMrpKIQuXYiupKkTIyZustYsWrUXm6DNT4SBVRS+iUEckpwJlOIWpv3/luY3f0AF+ESV1\#
                YyzeVRf5tngTdYjXEi5jMHKl5FKlSPlOwSmM8jn2s0zQLVb/
                """#),
        NotaryVector(
            "response list with pagination headers, js", .js,
            values: #"""
                {"headers":{"x-limit":"5","x-total-count":"50","link":"<https://cpo.example/locations?offset=5>; rel=\"next\""},"body":{\#
                "status_code":1000,"data":[{"id":"LOC1"},{"id":"LOC2"}],"timestamp":"2020-03-25T09:49:05.429Z"}}
                """#,
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/3WRyWrDQBBE/0UEdLFh9sU3Z/FPGBGml4lFZCtI48Qm5N8zNuSSOKdu6kFVNf3Z5J4HmpvVtrnbtjtOxNPcdtv2tBz6fV/arln8IWUsaVji\#
                eDzc4kN/eP2RYaTzRZtLKsf5GUfi34hSSXWKuvb0D5Q3Yen3XI33bxV0i2aX5l2zasTJhsCoohVeQHLGOVIBvZNEIrPWBnNgh46Vzt6LxKQtovTAWjmpdKwp\#
                0/x+tYrCJ8SoKMuIEj2Q99XNqMQWqpUNMngTGZMV2mSXDYCKxB4UiMBCgAZNDsihVRCzCcxKRKdEkCSRfCLrbGQjvLXeG++cCZBsdhbQopFQy8z9yyGVcTpf\#
                K0kJ6tFYsckupieq6TrEBw7rGAzfK17XHIkbdbmCP6a+8OW73dc3BCIDvusBAAA=
                """#),
        NotaryVector(
            "header order differs from the canonical one, js", .js,
            values: #"""
                {"headers":{"ocpi-to-party-id":"XYZ","ocpi-to-country-code":"DE","ocpi-from-party-id":"ABC","ocpi-from-country-code":"DE\#
                ","x-correlation-id":"456"},"body":{"id":"1"}}
                """#,
            encoding: .brotli,
            text: #"""
                G/gBAOTI1qz6AYLYil4XbZqLjYK/uU4OHA5XOH9+gTxIOKdAKY+xcXiSjMV2AHvRd1nAMML5eHnDds/i8s94OeHpy/1ycj/F+XJ3/yKXf+DOxinxod09T0St\#
                NZtPPvIAh7m9P8ht33H5MvnsJjSR3eWf8VJ98J87eMbFMwzgtjGxQ6qVqQVUE5Om0RgrcQ5JU+ihhIjqQrXGvjqJAU1ylWTNRYI7mC/WMIDbctHSe/HeW87V\#
                BeSCiaVlhyg+9O4SFZEWG4u4nDjkkiw5thysUqw+dnExmQuxRuxZeuyKpYcavSePpBiCMpk3rGiFQi41usLcKlv2DHeweHn6xOVkvoMB3NZ7Cj9Sdr+sdPwp\#
                NfXY+ndtX3tL+i3o10Dd868AdzDXzfxlqQsYxj8n
                """#),
        NotaryVector(
            "body before headers, js", .js,
            values: #"{"body":{"id":"1"},"headers":\#(headers)}"#,
            encoding: .brotli,
            isOurOrder: false,
            text: #"""
                G/gBAGRRp9evQYEMpHzD58lIMrScBgbklCPgILGkFfjFPr+QHjbGnmNK0Di1/4WyzYfUQ1XDZT3iJn2PnuvRNo2eYQ6X9eiYzfej53r0tbimzQ80bJvTQhua\#
                eN4uStccF/Pi9e9FbFKW1TN1w3ciPzTA0PCj5zlsqN9ABeLLiSgyWiO9cJSCDOxUjE4YTxaF01LHkFljNkoqI0hbRyg0GyW91GxhDl3/ARWIr6JlRimF9RiK\#
                FwWL9d5G1sRB6hTJeEw6u1KsyRS9R1OEpRKL0N5x1Jksas5ovDNauZQy+WisQGZVrOGgU3LFiiAVWSGNS1YZQo4slWMtI8yh365PNDTdd8MzKVndGysei0N6\#
                SN6gDniXww0Gk29VvlGMMj4qmEOXP7vtkHuo6ud/
                """#),
        NotaryVector(
            "upper case in a key, js", .js,
            values: #"{"headers":\#(headers),"body":{"evseId":"E1","id":"1"}}"#,
            encoding: .brotli,
            refusal: .modified,
            text: #"""
                Gw4CAGRRh16/SmTZnK80OO6MJFlqOQ0MyCkHDgFYW2JJ28FvVwgcDw45O1hfgHX9BXvQ577CMMLueHDDlteDz+PBr7Mj2t4zbQ/T69lDP/gMp9oyydvDmS3T\#
                y9mY+PjvM5m6yu4bLdvvRn2b4NtEn6f+++DzeKA/Vv2YwH3w51O4p/UeBnC/0EoPzveGlAwtVgnI6KR6CyIiGDE6rq1o42qmotKFm+MUsHVDOIVl/QEDuF+J\#
                mkapRj4VSmJYFcWUowbMorXUQmbqsRD7ICpSWkxIwi5pywUZS4rma/bkhIVrpcLJBUcmsWENFsXloNTFWTcK5AIldVytKkZkOIX14e6Vtmn5DQO4X4jsb2Jy\#
                7yw3uu0ltlDbtdbLVqNeeb303FDeeTiFRX8uD5uuMIyf/wM=
                """#),
        NotaryVector(
            "apostrophe in a key, js", .js,
            values: #"{"headers":\#(headers),"body":{"it's":"x"}}"#,
            encoding: .brotli,
            refusal: .modified,
            text: #"""
                G/oBAGRRp9evQYFkR5atfMPnyci4ZpQGBuSUI/C2xJK2wLMUDo6HiZwF2A741i+UNr+kEeoGjptZhs2Ps9tm9rUJ0d69+Knt3jZtmt3CWitdPLSbMnSvmzPx\#
                +PcmdinL6sEP0/ciP3XgqePfoUvfs9tm1k6zcXYLt2vY+3EPNeCXDaYkXTg5Q4ZdRGZLiMieNIUStLA4lYkLKRsIi1VWW3QqBMuWC6xhGD+gBvwKRllljWMh\#
                0ciKxCNRrKg4qzizjoKYQ6ZYMIlUOWJGE1VyWMR5QbSh2IxcGZOqaIgUF0SbQlUkZsMp+4SRkA3pLF4xiQRU5EMuwRgVYQ1j+/jmp274hhrwS6mgL8ngdWHx\#
                V8mSVE4usjsTR/lc5zMdRMVrDWsY8ufQTnmEurn9Bw==
                """#),
        NotaryVector(
            "unsigned extra member, js", .js,
            values: #"{"headers":\#(headers),"body":{"id":"1"}}"#,
            received: #"{"headers":\#(headers),"body":{"id":"1","smuggled":"yes"}}"#,
            encoding: .brotli,
            isCovered: false,
            text: #"""
                G/gBAGRJl067CgGS7thbcVlcEl3Cju0vkFNOGBJrSyxpC/x2hYPjwSFnB2pfgLX9hXHrD7bDNMPL+eiGLe9Hn+ejXxdHtHcPfLhdni5u7egznGvDos+3F2Nb\#
                Hi/GxOu/L3Qxl91n3g6/G/XDAj8sgCz2++jzfJQ++PM53PB+AxPgr2YhdrEqXFLOblS0eUvZ1ZVyLpVcJWFOSKh5NHIaETmN3PtQynAO2/4DJsBfKpERFauY\#
                oTEGlkgpkmloJJLVkQumpL0jcm6BmreKUUfg0NSzaGHO7J5rDFQtau7UxL2p0+jcQuDC1mvEEZRq1daYhnqzPHomhXPYb6+f+LBsv2EC/EUk4X3K+HGUzh+s\#
                ph5bf+ftTW/J3wZ/E6STfgxwDpv/3G4PvsM0f/4P
                """#),
        NotaryVector(
            "member removed, js", .js,
            values: #"{"headers":\#(headers),"body":{"id":"1","x":"y"}}"#,
            received: #"{"headers":\#(headers),"body":{"id":"1"}}"#,
            encoding: .brotli,
            refusal: .modified,
            text: #"""
                GwkCAGRRh16/SiTbMuUrPk/abZIlt5wGBuSUI/C2xJK2rPntCgfHg0PODtS+AGv7C/3Z3nSFYYTd8eCGza8HD+PBr7Mj2rs33p6nj7NnPXiAU22Y2ufzWV+m\#
                97Mx8fjvszapyeonL9vvRn6bwNtEIZP+PngYD9In/zp4gIdTeOL1CQbAX2rNqqcWi2bpPqiU7Au5WlJrmWNAad4Rc/A9cBLMxNVxZ+via3RwCsv6AwbAXyLa\#
                JXelkLiiMlbKxQwJW86upZgludRbS6WILyzBQlSphMURR8GOPVA07MQkJlVNrRCH4rz4jNG0IQarKbnWCXMlVUMfsTpyWZ3AKazPjx+8TctvGAB/OSf+hiLe\#
                9VT5VjPVUOq1lctayK68XXqprt15OIXFfi7Pm60wjA//AQ==
                """#),
        NotaryVector(
            "value set to null after signing, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"id":"1","x":"null"}}"#,
            received: #"{"headers":\#(headers),"body":{"id":"1","x":null}}"#,
            encoding: .brotli,
            refusal: .modified,
            text: #"""
                GwkCAGRRh16/2q1AkiMrdq43I4HdchoYkFOOwNsSS9qy5rcrHBwPDjk7UPsCrO0v9Mf2EjtMM5zOZzdsfj/7PJ/9ujmivXvR43F5u3mMs89wrQ2Lvz/e9G15\#
                vRkTj/++8SWarL7rdvxu5I8FfCwUtsTvs8/zWfrkX2ef4fM1POj+ABPgrxDOA40uoaqNsGBzKVa5jAVZdDTrreVcxKMYSkoxmFmEDCmSO1zDtv+ACfAXYWcZ\#
                RLIyqw9atZo7Ux+xV4uhW+lYy2AuXqhnp2AiJ2JrkduYJIbevDQZGbMkDipYCjJVwtQ9pBFmwiwcwhE1KacyqqBJpZ7J4Rr2x/s3PZbtN0yAv4gsBWfsXaq2\#
                GLkOpXorWgs3S02TVfKe4Bq29nN7PNoO0/z5Pw==
                """#),
        NotaryVector(
            "rewrite: forwarded again to a service, js", .js,
            values: #"""
                {"headers":\#(headers),"body":{"response_url":"https://msp.example/cb/1","location_id":"L1","token":{"uid":"T1","valid":\#
                true}}}
                """#,
            rewrites: [[(.header("ocpi-to-country-code"), "NL"), (.header("ocpi-to-party-id"), "SRV")]],
            encoding: .brotli,
            text: #"""
                G9MDAOTQ1qr6vCA2FtvutKgRSzITOGw5TNYduJ3soofrt8O3g3zHoLbAswQibBkEZEF6MZoipDeY6Jh9u76yO312w4n7e7Lxhq39vHF2svGx94h23115WY0P\#
                eyvdOHO7YYOxPa72+tN4v3dMvPvnXhvVgksfy9PLZ0X/y6j2y6ikjvq5cXay0avw4vXpzs8vPggXqYe+jLf2sHF2svEqcCT+kzfO3Nmuuy7P125w8AE+kBTr\#
                BigRgYtaBbUOvrB0nzyrEENAI+jQtORmyqW0aKrZitt1T89vbnDwAY1yqBiaEUrLYl6xNSCNATQXTVitkWZCy5SDavYZBRMLVqCemDNVTk1y65FrBGIp4g0z\#
                A1VViz13Im+FDSh0y4yKCKDFU+kem9t1z6urh/IyPn26wcFHmlMOabKcdStxYhKXEz9BkQXGOF3OpVCc8cJnt+ue7P1p9WLPbjj5dk8GfLGH5YgpfDOeGNx8\#
                MWsM7fXBHR4du18urk8tGKSauRqk1HwKkgRKir4imBZhkZTQkxhkKaF3gwaKoUDt2gAPSQgZqw/qBZW45yypa21NLSRGrtaAAAozByo+VIvSq3CJ0CCnEACI\#
                eqpeIPoO2Fv0oYbeNAYP0KWLB6vSW2PC2Dy04tmXlLtVSYzV7brn1dVDwVLESnPxsOwhl4VGyZzyzNIkJ7Ep2YRqxrYk93v2Cw==
                """#),
        NotaryVector(
            "rewrite: two stages, js", .js,
            values: #"""
                {"headers":\#(headers),"body":{"response_url":"https://msp.example/cb/1","location_id":"L1","token":{"uid":"T1","valid":\#
                true}}}
                """#,
            rewrites: [
                [(.bodyMember("response_url"), "https://node1.example/cb/7")],
                [(.header("ocpi-to-country-code"), "NL"), (.header("ocpi-to-party-id"), "SRV")],
            ],
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/6WT0U4cORBF/6W1Ei8hlO1yuTxvE2C+IbsIRWW7vIx2mB51NwkI8e+pYfPAgkIi7ZPdXdfX9qnrx6FvddfmYXU1/HF1cqPSdJpPrq9O7k/r\#
                OE26k2U77k+37eR6+PBKMtbD9rRP461J7/bL9GBj03eFB5mWh3fclvG3vEz22qmM7eFYn3Q+jPtZv9xNu9e13Vifr/Pl7bJl/Ef3x8ndO7WvsnuuXn8YbmS+\#
                GVYD3HuO2rm1hCkmO6V99+oJi8TqQmmdckzYqCehEphK96hBPNTQpTDZVtP89V8rUs65JXKJSnWYfSzeVuaKKiESSisl1cSYqPnoFKkKxRg5cG1A0FNFctRD\#
                AoVaSmPKHZQTxtSchFaqBBSMNWhwSZJ4b6pAPgbJyVU7zLz9ey/LOD08H4kvfCZeb867Slorps06rh3ipUvp0+YCxafzcBnz8Rb6bdoueozS44+PRfebH/F6\#
                fKdHq+FmWQ7z6uzsdj581Hu5Pez0rJYzNzy9IM2VFLjkUGzgGpmQEYRTLA60CQZEZheNL2QU6t0gQHMkUHqr8II0O8iuRGoRXfOh54zcjU5tShysbVrBA0gI\#
                xkYiFU3YCwZJ5piZCMD7ziUipNjB9ZpMRL1a8yJAx44RtGCvNXiXaoQqMUTh3O2v7VDekHau+AtbtbHAyKXFKQfO58rrzKifvK59ya5uvCH5Gd5fP6bVcHH5\#
                Oy9qNXz+86//wofUfTterLCH3gsB1ejB1dqTo2yJclyZwUsKzSVtmEuO5Ji5AMoL+CrcMlkiO2dyvntTUVQF89eWY2mUDD40M/UdpBhhcRBq4EbNJqYOuRQf\#
                ODUIwdJPtj1yqdER9mgddS031swtsjgisXdnrUyiJvk/MX+6fvoOE0dvrzMFAAA=
                """#),
        NotaryVector(
            "rewrite: two stages, jvm", .jvm,
            values: #"""
                {"headers":\#(headers),"body":{"response_url":"https://msp.example/cb/1","location_id":"L1","token":{"uid":"T1","valid":\#
                true}}}
                """#,
            rewrites: [
                [(.bodyMember("response_url"), "https://node1.example/cb/7")],
                [(.header("ocpi-to-country-code"), "NL"), (.header("ocpi-to-party-id"), "SRV")],
            ],
            encoding: .brotli,
            text: #"""
                GzIFAGTR1Jx2pnyTYhAkQfDmJMP8paHa+iarfGmWO3B7gTzR4Ky1pC2QFrWgtsCzV2gRBg9kQaCeGxsexyprgL5S7mfJQ3zwS9lelD9fPBjD1r88ePXiwbf9\#
                INp1H+R6OH7aH/zBq7ILmxzt/rDP8/Hjvpn48O97O3oE197L+fr9xvjr0cPXoxt69O8PXr14wFXyzefzh3388MHx5uim1+P7+PTg1YsHn42axD/yg1fl1a7c\#
                yeWubAW+IY9Idp99jikeyCMNqasMq009aY3ZnXIKaWPSxB5NEKylKFPZlfPlS9kKfEMKXssn1UlqtS8cik65rIe0QV1cddrkPslx1OhkQmMMbmwOBDmtU6Vs\#
                EwJM1ZlWQvDsY3qV5mrSuvRhLVqdMgVR1RvhaLJmtbIrl8PtJ7kez9/LVuAbOy5iScuQKdFnypDae9Q5Nb0LTmsxVtmVc3w9H65xKduLn+W8oK/x6f8Us35q\#
                gXRitnJ3vd5ftpubj5f7f34xtW9Mb2r5zbZ4NgpgXU0DmG0wde4gPIdWCJfeemeuA3vA6kKZAQZeSUDTDXARrrCqDvLRq2PLtTqnq5kHcatNwwABpLVGKIM0\#
                Zk/tTSYYLCYCQEzW0WGOhJo2Byml+aQBkD37gNCeZg3rtAEmow3hlaGdW9WyK5fD7SfB0dSq6H1AJi0Jn301XhYsi3sohqCuaonl9+4nxX53BZWxlX//K2VQ\#
                VYWtPH32XADpMBM9e3ZlhEwlIBsI1SxnpWUtKhszoMzmdYb3pWtQZWaFLvjJhrAvGtOTF1VMHFRpRAB6hq+hThMBwJc1TBAdCVKhWWMnr9AqjbZUsfF0aI0b\#
                k7XorDYq9RyOrfpyjsU+WCqRMGlrNCVs1GplVy6H209yTXX1+9Vv
                """#),
        NotaryVector(
            "rewrite: parameter added, stashed as null, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"id":"1"}}"#,
            rewrites: [[(.parameter("limit"), "25")]],
            encoding: .gzip,
            text: #"""
                H4sIAAAAAAAA/42S3WobQQyF32Up+CYBaf4nD9CXCL7Q6KdZcLxhvWljQt69skkhpCWUuVg0ezg6+kavk816kNN0dz99u989KImup93+fvdyy8u66oG2eTne\#
                zrLbTzefJAs/zbe2Lo8ufT5u69m/ol8Kn2jdzl+4bct/ebnss5PX9HhVHObHeftzPRY5Xy6vwv3N9ECnh+lugpeaaOTQI+dI3WiQakzBT1EuVUvLQckwVSqR\#
                SJuKaRhMI6ggMrj9evp5tYJeQApBxCYtk2JtqtIAjHrJUYs0Uc0SoCBR5yC5EgwJXsaUOA8hwC6xUoIWrGeMVnTkTjEU5kZgo2oXNQx8ScSt2zBuCai4y/Aw\#
                p/nHkbZlPV8jNQm9NDI2pUqaqlEmTMmz1WGSKFSOmvtlCv21zpteVuD1vdj0+P19LV7/zfbu+Hw4vH3A6Q1jH1IHlZSzI/KM2lJWVsacS0XlkSAnQOBsDRUt\#
                AiXLvZsrPuDkEQmAoQ4RcDKBRsQUUTg0HCOz+tTg3HoHoNwCeqcKkS1QaKx5cCEf15HXGLCKv3HHNlT9J1qnFgIVkl4jWGAnwq0RGmuTfIHPf+FEHEFSBrPS\#
                SaWmHlt3PfWW1DeCwujo/ae3/dtvZ6YzeVMDAAA=
                """#),
        NotaryVector(
            "rewrite: member removed by the node, js", .js,
            values: #"{"headers":\#(headers),"body":{"id":"1","secret":"s"}}"#,
            rewrites: [[(.bodyMember("secret"), .null)]],
            encoding: .brotli,
            refusal: .rewriteModified(0),
            text: #"""
                GzkDAGSZmU47KS4NgSTgt+pl+TSBpPjS3l/sHp2cMFzsW2JJW+BZAhFGEQYegOcxZhlLMvTJ3oJP9kcPYbYJHzcnN2z24eTr5uT56oi2748cp+2/q0lPvoZL\#
                W7Ad99OV77d/r8bE3V+uxlbNrL2X/fElUX7ckh+3hL7Vl5OvmxP17V8vw50c7sIsxOeqKbeupQsjkSnwqFaRbNgAIi5go2MkjBAHeQUDz1HQqTUfQOEy7A+P\#
                YRbiM5Y04iDRxqm0YT0h6ADovSlnswylQ0kuGqVKtRYBfCCxN8vuHSSLFmCUBN5TNWiimXoht8bc0vBRY+qFh0evmSHm6KxI1EBEoIfLcJh+/pPjdv8SZiE+\#
                11VqXOe3Szcpc8NyO6c5IK6hlMXtCiWVZV5TC5dhb0/76WiHMNu8hb097afj0f7dTvZHD2H2Fj5uToocHmzs7XjyNczCIfwvdH1hQnHwRiImzAMoYem5kMXB\#
                auQ2ZDCMPkidcuoDSmFArapshvsoRxndkRgwNtEm4NItaixigomMYh+9pOhE4ppr1VIbYauWvQAmyqK9cyJXHqS5kGIZlSOKmnjOBJI4Vm+Ym3MqXIVHRSyt\#
                VQaUAvS0Qoq3zk3WWrDl2pZW562iLZLNU28wblP4//U/
                """#),
        NotaryVector(
            "rewrite: unicode value restored, jvm", .jvm,
            values: #"{"headers":\#(headers),"body":{"name":"Zürich ⚡"}}"#,
            rewrites: [[(.bodyMember("name"), "Basel")]],
            encoding: .brotli,
            text: #"""
                G0MDAGTfvSmife7IWJa+lu/xEpAt23JyWZcbyS4iZSW8rIhVJydGN8raEkvaAs8SiDCKMCAL8pRJQjIT7PmyjzTmcdfXaXaSvp1szbDZ662zk63XgyHavjvf\#
                zBcPB/O+dZb2bcGiPc4Pxmpxf/BM3P3toC16mLWPvtq8Jco3C/KbBR9eF/1t6+xk68HvY+ssne2na19fp1nKr94JlGNA6VRbDOSaB0+lUBbKHNPgjj5V56bm\#
                ogLhSNJBx8RYWtpPq/VzmqX8GoFcqyGwc/Ocga2EKYLa1KihWHWhik2tiDWDSRDZlDCKQwtUKlMXCuyZiSg37JatVhRRmWSyMCsFrXZDRclstZcamSo0IIeW\#
                9tN6fvXgm8XqLc1SfrWORcxHG+HqQTqcHYgCVOvo5KhtCi5pP63iZTXfxDrNTj7SSsAmHn5eAfVR5XSWjv/9Xc3b9Zf/v/+kX8Wuz9JHdgGuoszSnMEIKDtj\#
                9cJttDLAQkdBaIDAJkRK3XIXwBo4RLJCWKcxIdHIAE27lh7kDtqKg1J0hGyjFsWJszuOyZCFStQo2gcGKzcRCpLGw6qZRfOho05Di1LzrlBB6jDIGRzYTLPD\#
                JAWgpv20nl89OEoBKnbiPIYUj65UJistzItRVAzHWqANTL/OfgE=
                """#),
    ]
}
